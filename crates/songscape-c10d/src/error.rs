use std::path::PathBuf;
use std::time::Duration;

use songscape_project::{Difference, ErrorKind};

/// The result of joining or using a group.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong between the processes of a group. All that can be known of who is to blame is in
/// it: ranks are counted from 0, as launchers do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The environment does not say where this process stands.
    #[error("{variable} is {}, expected {expected}", found.as_ref().map_or("not set".into(), |text| format!("{text:?}")))]
    Environment {
        /// The variable.
        variable: String,
        /// Its value, if it has one.
        found: Option<String>,
        /// What it must be.
        expected: String,
    },
    /// Rank 0 cannot host the store at which the processes meet: the port is taken, for one.
    #[error("rank 0 cannot listen on port {port}: {source}")]
    Listen {
        /// The port, `MASTER_PORT`.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// The store at which the processes meet is not there, or does not answer.
    #[error("{}: no answer from the store {} hosts within {:.0} s{}", address, host(*hosted_by), waited.as_secs_f64(), because(reason))]
    Store {
        /// Host and port.
        address: String,
        /// The rank that hosts it; `None` where the launcher does.
        hosted_by: Option<usize>,
        /// For how long it was tried.
        waited: Duration,
        /// What c10d said.
        reason: String,
    },
    /// Some processes did not come.
    #[error("{} did not come within {:.0} s", ranks_of(ranks, *size), waited.as_secs_f64())]
    Missing {
        /// Their ranks, ascending.
        ranks: Vec<usize>,
        /// The size of the group.
        size: usize,
        /// For how long they were waited for.
        waited: Duration,
    },
    /// Two processes have the same rank.
    #[error(
        "rank {rank} is there twice: two trainings at one address, or two processes with the same RANK"
    )]
    Twice {
        /// The rank.
        rank: usize,
    },
    /// A process is not what rank 0 is: it would train something else, or round otherwise.
    #[error("rank {rank} does not fit to rank 0: {}", list(differences))]
    Differs {
        /// The rank that differs.
        rank: usize,
        /// In what: `stored` is the value of rank 0, `requested` that of the other one.
        differences: Vec<Difference>,
    },
    /// Processes do not reach each other, although they reach the store.
    #[error(
        "the processes meet, but do not reach each other through {network}: {reason}; GLOO_SOCKET_IFNAME names the interface to use"
    )]
    Unreachable {
        /// The interface or the address of this process.
        network: String,
        /// What c10d said.
        reason: String,
    },
    /// Processes are dead, stopped or cut off.
    #[error("{operation}: {} answers no more ({reason})", ranks_of(ranks, *size))]
    Lost {
        /// Their ranks, ascending.
        ranks: Vec<usize>,
        /// The size of the group.
        size: usize,
        /// What was being done.
        operation: &'static str,
        /// What c10d said.
        reason: String,
    },
    /// An operation failed although all processes are there.
    #[error("{operation}: {reason}")]
    Failed {
        /// What was being done.
        operation: &'static str,
        /// What c10d said.
        reason: String,
    },
    /// The processes do not call the same operation with tensors of the same kind and size.
    #[error("rank {rank} calls {there}, but this process, rank {own}, calls {here}")]
    OtherCall {
        /// A rank that differs from this process.
        rank: usize,
        /// What it calls.
        there: String,
        /// This process.
        own: usize,
        /// What this process calls.
        here: String,
    },
    /// A tensor that cannot be sent.
    #[error("{operation}: a tensor that is {found}, expected {expected}")]
    Tensor {
        /// What was called.
        operation: &'static str,
        /// What it is.
        found: String,
        /// What it must be.
        expected: &'static str,
    },
    /// What rank 0 was to do before the others go on has failed.
    #[error("rank 0 could not go on; its own message says why")]
    First,
    /// The group failed before; start the processes again.
    #[error("{operation}: the group failed before")]
    Broken {
        /// What was called.
        operation: &'static str,
    },
    /// NCCL needs a GPU.
    #[error("NCCL needs a GPU and a CUDA build of libtorch, and there is none; Gloo needs neither")]
    NoGpu,
    /// The library of the NCCL backend cannot be used.
    #[error("{}: {reason}; `cargo xtask nccl` builds it", path.display())]
    Plugin {
        /// The library.
        path: PathBuf,
        /// What the loader or NCCL said.
        reason: String,
    },
    /// c10d is bound on Linux only.
    #[error("training by several processes is possible on Linux only")]
    Unsupported,
    /// libtorch reported an error.
    #[error(transparent)]
    Torch(#[from] tch::TchError),
}

impl Error {
    /// Whom the error is for.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Environment { .. }
            | Self::Twice { .. }
            | Self::Differs { .. }
            | Self::OtherCall { .. }
            | Self::Tensor { .. }
            | Self::NoGpu
            | Self::Plugin { .. }
            | Self::Unsupported => ErrorKind::Configuration,
            Self::Listen { .. }
            | Self::Store { .. }
            | Self::Missing { .. }
            | Self::Unreachable { .. }
            | Self::Lost { .. }
            | Self::Failed { .. }
            | Self::Broken { .. }
            | Self::First
            | Self::Torch(_) => ErrorKind::Environment,
        }
    }
}

impl From<Error> for songscape_contrastive::Error {
    fn from(error: Error) -> Self {
        Self::Group { kind: error.kind(), source: Box::new(error) }
    }
}

fn host(rank: Option<usize>) -> String {
    rank.map_or("that the launcher".into(), |rank| format!("that rank {rank}"))
}

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(" ({reason})") }
}

/// `rank 3 of 4`, `ranks 1 and 3 of 4`.
fn ranks_of(ranks: &[usize], size: usize) -> String {
    let numbers: Vec<String> = ranks.iter().map(ToString::to_string).collect();
    match numbers.as_slice() {
        [] => format!("none of {size} ranks"),
        [one] => format!("rank {one} of {size}"),
        [some @ .., last] => format!("ranks {} and {last} of {size}", some.join(", ")),
    }
}

fn list(differences: &[Difference]) -> String {
    let text = |d: &Difference| format!("{} is {}, {} in rank 0", d.field, d.requested, d.stored);
    differences.iter().map(text).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_ranks() {
        let waited = Duration::from_secs(10);
        let missing = Error::Missing { ranks: vec![1, 2, 5], size: 8, waited };
        assert_eq!(missing.to_string(), "ranks 1, 2 and 5 of 8 did not come within 10 s");
        let (field, stored, requested) = ("size".into(), "2".into(), "3".into());
        let differences = vec![Difference { field, stored, requested }];
        let differs = Error::Differs { rank: 2, differences };
        assert_eq!(differs.to_string(), "rank 2 does not fit to rank 0: size is 3, 2 in rank 0");
        assert_eq!(differs.kind(), ErrorKind::Configuration);
        let (variable, expected) = ("RANK".into(), "a number".into());
        let unset = Error::Environment { variable, found: None, expected };
        assert_eq!(unset.to_string(), "RANK is not set, expected a number");
        let (address, reason) = ("10.0.0.1:29500".into(), String::new());
        let store = Error::Store { address, hosted_by: Some(0), waited, reason };
        assert_eq!(
            store.to_string(),
            "10.0.0.1:29500: no answer from the store that rank 0 hosts within 10 s"
        );
    }
}
