use crate::error::{Error, Result};

/// Where a process stands among the others of its group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The number of this process, from 0.
    pub rank: usize,
    /// How many processes there are.
    pub size: usize,
    /// The number of this process among those of its machine, from 0: that of its GPU.
    pub local_rank: usize,
    /// How many processes share the cores that the system gives to this one.
    pub local_size: usize,
    /// The machine with the store at which the processes meet.
    pub host: String,
    /// The port of the store.
    pub port: u16,
    /// Whether rank 0 hosts the store; else the launcher does.
    pub rank_0_hosts: bool,
    /// The name of the run and the number of its restart: what an earlier one left in a store that
    /// outlives it does not count.
    pub run: String,
}

/// Ports of Slurm's jobs: from here on, by the number of the job, below those that systems give away.
const FIRST_PORT: usize = 15_000;
const PORTS: usize = 10_000;

impl Place {
    /// What the launcher says, in the environment of this process: `None` where there is no launcher.
    ///
    /// `torchrun` sets `RANK`, `WORLD_SIZE`, `LOCAL_RANK`, `LOCAL_WORLD_SIZE`, `MASTER_ADDR` and
    /// `MASTER_PORT`, and hosts the store itself where it says `TORCHELASTIC_USE_AGENT_STORE=True`. Any other
    /// launcher, or a person, sets at least `RANK`, `WORLD_SIZE`, `MASTER_ADDR` and `MASTER_PORT`. Under
    /// Slurm, `srun` says all but where rank 0 is, which `MASTER_ADDR` has to; the port follows from the
    /// number of the job, unless `MASTER_PORT` is set. The first of the two that is there counts.
    ///
    /// # Errors
    /// [`Error::Environment`] names the variable that is missing or cannot be used; half of what a launcher
    /// sets is an error, not a process alone.
    pub fn from_env() -> Result<Option<Self>> {
        let variable = |name: &str| match std::env::var_os(name) {
            None => Ok(None),
            Some(value) => value.into_string().map(Some).map_err(|value| Error::Environment {
                variable: name.into(),
                found: Some(value.to_string_lossy().into_owned()),
                expected: "valid UTF-8".into(),
            }),
        };
        Self::from_variables(variable)
    }

    /// How many threads this process may use if it is to leave the others their own: the cores that the
    /// system gives, divided by the processes that share them, at least 1.
    pub fn threads(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, Into::into);
        (cores / self.local_size.max(1)).max(1)
    }

    fn from_variables(variable: impl Fn(&str) -> Result<Option<String>>) -> Result<Option<Self>> {
        let environment = Environment { variable };
        if environment.get("RANK")?.is_some() || environment.get("WORLD_SIZE")?.is_some() {
            environment.of_torchrun().map(Some)
        } else if environment.get("SLURM_STEP_ID")?.is_some()
            && environment.tasks_of_slurm()?.is_some_and(|tasks| tasks > 1)
        {
            environment.of_slurm().map(Some)
        } else {
            Ok(None)
        }
    }

    /// Refuses what no launcher says.
    pub(crate) fn check(&self) -> Result<()> {
        let wrong = |variable: &str, found: usize, expected: String| Error::Environment {
            variable: variable.into(),
            found: Some(found.to_string()),
            expected,
        };
        if self.size == 0 {
            return Err(wrong("WORLD_SIZE", 0, "at least 1".into()));
        }
        if self.rank >= self.size {
            let expected = format!("less than WORLD_SIZE, {}", self.size);
            return Err(wrong("RANK", self.rank, expected));
        }
        Ok(())
    }

    pub(crate) fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// The rank that hosts the store.
    pub(crate) fn hosted_by(&self) -> Option<usize> {
        self.rank_0_hosts.then_some(0)
    }
}

struct Environment<F> {
    variable: F,
}

impl<F: Fn(&str) -> Result<Option<String>>> Environment<F> {
    /// A variable that is set and not empty.
    fn get(&self, name: &str) -> Result<Option<String>> {
        Ok((self.variable)(name)?.filter(|value| !value.is_empty()))
    }

    fn number(&self, name: &str) -> Result<Option<usize>> {
        let Some(found) = self.get(name)? else { return Ok(None) };
        match found.trim().parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(wrong(name, Some(found), "a whole number")),
        }
    }

    fn needed(&self, name: &str) -> Result<usize> {
        self.number(name)?.ok_or_else(|| wrong(name, None, "a whole number"))
    }

    fn host(&self, expected: &str) -> Result<String> {
        self.get("MASTER_ADDR")?.ok_or_else(|| wrong("MASTER_ADDR", None, expected))
    }

    fn of_torchrun(&self) -> Result<Place> {
        let (rank, size) = (self.needed("RANK")?, self.needed("WORLD_SIZE")?);
        let agent = self.get("TORCHELASTIC_USE_AGENT_STORE")?;
        let name = self.get("TORCHELASTIC_RUN_ID")?.unwrap_or_default();
        let restart = self.number("TORCHELASTIC_RESTART_COUNT")?.unwrap_or(0);
        let place = Place {
            rank,
            size,
            local_rank: self.number("LOCAL_RANK")?.unwrap_or(0),
            local_size: self.number("LOCAL_WORLD_SIZE")?.unwrap_or(1).max(1),
            host: self.host("the machine of rank 0")?,
            port: port(self.needed("MASTER_PORT")?)?,
            rank_0_hosts: agent.as_deref() != Some("True"),
            run: format!("{name}/{restart}"),
        };
        place.check()?;
        Ok(place)
    }

    /// `srun` can start fewer tasks than the job has.
    fn tasks_of_slurm(&self) -> Result<Option<usize>> {
        match self.number("SLURM_STEP_NUM_TASKS")? {
            None => self.number("SLURM_NTASKS"),
            tasks => Ok(tasks),
        }
    }

    fn of_slurm(&self) -> Result<Place> {
        let (job, step) = (self.needed("SLURM_JOB_ID")?, self.needed("SLURM_STEP_ID")?);
        let restart = self.number("SLURM_RESTART_COUNT")?.unwrap_or(0);
        let size = self.tasks_of_slurm()?;
        let place = Place {
            rank: self.needed("SLURM_PROCID")?,
            size: size.ok_or_else(|| wrong("SLURM_NTASKS", None, "a whole number"))?,
            local_rank: self.number("SLURM_LOCALID")?.unwrap_or(0),
            // Slurm gives each task cores of its own.
            local_size: 1,
            host: self.host(
                "the machine of rank 0: the first of `scontrol show hostnames \"$SLURM_JOB_NODELIST\"`",
            )?,
            port: port(self.number("MASTER_PORT")?.unwrap_or(FIRST_PORT + job % PORTS))?,
            rank_0_hosts: true,
            run: format!("{job}.{step}/{restart}"),
        };
        place.check()?;
        Ok(place)
    }
}

fn port(number: usize) -> Result<u16> {
    let valid = u16::try_from(number).ok().filter(|port| *port > 0);
    valid.ok_or_else(|| wrong("MASTER_PORT", Some(number.to_string()), "a port, 1 to 65535"))
}

fn wrong(variable: &str, found: Option<String>, expected: &str) -> Error {
    Error::Environment { variable: variable.into(), found, expected: expected.into() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn place(variables: &[(&str, &str)]) -> Result<Option<Place>> {
        let variables: HashMap<_, _> = variables.iter().copied().collect();
        Place::from_variables(|name| Ok(variables.get(name).map(|value| (*value).to_owned())))
    }

    const TORCHRUN: [(&str, &str); 9] = [
        ("RANK", "3"),
        ("WORLD_SIZE", "4"),
        ("LOCAL_RANK", "1"),
        ("LOCAL_WORLD_SIZE", "2"),
        ("MASTER_ADDR", "node7"),
        ("MASTER_PORT", "29500"),
        ("TORCHELASTIC_USE_AGENT_STORE", "True"),
        ("TORCHELASTIC_RUN_ID", "songs"),
        ("TORCHELASTIC_RESTART_COUNT", "2"),
    ];

    const SRUN: [(&str, &str); 6] = [
        ("SLURM_JOB_ID", "1234567"),
        ("SLURM_STEP_ID", "0"),
        ("SLURM_PROCID", "2"),
        ("SLURM_LOCALID", "0"),
        ("SLURM_NTASKS", "4"),
        ("MASTER_ADDR", "node1"),
    ];

    /// Without some of the variables.
    fn without<'a>(all: &[(&'a str, &'a str)], names: &[&str]) -> Vec<(&'a str, &'a str)> {
        all.iter().copied().filter(|(name, _)| !names.contains(name)).collect()
    }

    #[test]
    fn torchrun_says_all_of_it() {
        let expected = Place {
            rank: 3,
            size: 4,
            local_rank: 1,
            local_size: 2,
            host: "node7".into(),
            port: 29_500,
            rank_0_hosts: false,
            run: "songs/2".into(),
        };
        assert_eq!(place(&TORCHRUN).unwrap(), Some(expected));
        let own_store = place(&without(&TORCHRUN, &["TORCHELASTIC_USE_AGENT_STORE"])).unwrap();
        assert!(own_store.unwrap().rank_0_hosts);
    }

    #[test]
    fn srun_says_all_but_the_host() {
        let found = place(&SRUN).unwrap().unwrap();
        assert_eq!((found.rank, found.size, found.local_rank, found.port), (2, 4, 0, 19_567));
        assert!(found.rank_0_hosts && found.run == "1234567.0/0");
        let message = place(&without(&SRUN, &["MASTER_ADDR"])).unwrap_err().to_string();
        assert!(message.starts_with("MASTER_ADDR is not set"), "{message}");
        assert!(message.contains("scontrol show hostnames"), "{message}");
        // A step of one task, and a batch script, which is no step, are alone.
        let one = [&SRUN[..], &[("SLURM_STEP_NUM_TASKS", "1")]].concat();
        assert_eq!(place(&one).unwrap(), None);
        assert_eq!(place(&without(&SRUN, &["SLURM_STEP_ID"])).unwrap(), None);
    }

    #[test]
    fn no_launcher_is_no_place() {
        assert_eq!(place(&[]).unwrap(), None);
        assert_eq!(place(&[("MASTER_ADDR", "node1"), ("RANK", "")]).unwrap(), None);
    }

    #[test]
    fn half_of_a_launcher_is_named() {
        for name in ["RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"] {
            let message = place(&without(&TORCHRUN, &[name])).unwrap_err().to_string();
            assert!(message.starts_with(&format!("{name} is not set, expected ")), "{message}");
        }
        for (name, value, expected) in [
            ("RANK", "4", "RANK is \"4\", expected less than WORLD_SIZE, 4"),
            ("RANK", "-1", "RANK is \"-1\", expected a whole number"),
            ("WORLD_SIZE", "0", "WORLD_SIZE is \"0\", expected at least 1"),
            ("MASTER_PORT", "70000", "MASTER_PORT is \"70000\", expected a port, 1 to 65535"),
            ("LOCAL_RANK", "a", "LOCAL_RANK is \"a\", expected a whole number"),
        ] {
            let mut variables = without(&TORCHRUN, &[name]);
            variables.push((name, value));
            assert_eq!(place(&variables).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn cores_are_shared() {
        let place = place(&TORCHRUN).unwrap().unwrap();
        let all = Place { local_size: 1, ..place.clone() }.threads();
        assert_eq!(place.threads(), (all / 2).max(1));
        assert_eq!(Place { local_size: 1_000_000, ..place }.threads(), 1);
    }
}
