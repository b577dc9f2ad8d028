//! The processes that a launcher started to train one network, or only this one.

use std::time::Duration;

use serde_json::Value;
use songscape_c10d::{Backend, Place, ProcessGroup};
use songscape_contrastive::{Alone, Group};
use tch::{Device, Tensor};

use crate::error::{Error, Result};

/// How a launcher started this process, and what it may use.
#[derive(Debug, Clone, PartialEq)]
pub struct Launch {
    /// Where this process stands; `None` without a launcher.
    pub place: Option<Place>,
    /// CPU threads of this process.
    pub threads: usize,
    /// Where the network runs.
    pub device: Device,
}

impl Launch {
    /// Reads the environment of `torchrun` or `srun` ([`Place::from_env`]), and sets the threads: as many as
    /// asked for, or else this process's share of the cores, whatever `OMP_NUM_THREADS` says (`torchrun` sets
    /// it to 1). Where the first GPU is asked for, the processes of a machine take one each.
    ///
    /// # Errors
    /// [`Error::C10d`] when the environment is half a launcher's; [`Error::Threads`].
    pub fn new(threads: Option<usize>, device: Device) -> Result<Self> {
        let place = Place::from_env()?;
        let device = match (device, &place) {
            (Device::Cuda(0), Some(place)) => {
                let all = usize::try_from(tch::Cuda::device_count()).unwrap_or(1).max(1);
                Device::Cuda(place.local_rank % all)
            }
            (device, _) => device,
        };
        let cores = || std::thread::available_parallelism().map_or(1, Into::into);
        let threads = threads.or(place.as_ref().map(Place::threads)).unwrap_or_else(cores);
        set_threads(threads)?;
        Ok(Self { place, threads, device })
    }

    /// Meets the other processes. `identity` is what all must have in common, such as the parameters; a field
    /// that differs is named.
    ///
    /// # Errors
    /// [`Error::C10d`] when they do not come together within ten minutes, or differ.
    pub fn join(&self, identity: &Value) -> Result<Processes> {
        let Some(place) = &self.place else { return Ok(Processes::Alone) };
        let backend = match std::env::var_os(NCCL) {
            Some(plugin) if self.device != Device::Cpu => Backend::Nccl { plugin: plugin.into() },
            _ => Backend::Gloo,
        };
        let group = ProcessGroup::join(place, backend, identity, TIMEOUT)?;
        Ok(Processes::Several(Box::new(group)))
    }
}

/// How long the processes wait for each other before one counts as lost.
const TIMEOUT: Duration = Duration::from_secs(600);

/// The variable that names the library of the NCCL backend, where it is to be used.
const NCCL: &str = "SONGSCAPE_NCCL";

/// The processes of a program. What is written, is written by the first of them; all train.
///
/// ```no_run
/// use songscape::processes::Launch;
/// use songscape::resnet::DeviceChoice;
///
/// let launch = Launch::new(None, DeviceChoice::Auto.resolve()?)?;
/// let processes = launch.join(&serde_json::json!({ "learning_rate": 0.001 }))?;
/// if processes.is_first() {
///     println!("{} processes with {} threads each", processes.size(), launch.threads);
/// }
/// # Ok::<(), songscape::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Processes {
    /// This one.
    Alone,
    /// Several, of torch's c10d.
    Several(Box<ProcessGroup>),
}

impl Processes {
    /// As a training takes them.
    pub fn group(&self) -> &dyn Group {
        match self {
            Self::Alone => &Alone,
            Self::Several(group) => &**group,
        }
    }

    /// The number of processes.
    pub fn size(&self) -> usize {
        self.group().size()
    }

    /// Whether this is the one that writes.
    pub fn is_first(&self) -> bool {
        self.group().rank() == 0
    }

    /// The first process works, and the others wait for it, however long it takes. `None` in the others.
    ///
    /// # Errors
    /// That of the work, in the first process; [`Error::C10d`] in the others when it failed, and in all when
    /// they lost each other.
    pub fn first<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<Option<T>> {
        match self {
            Self::Alone => work().map(Some),
            Self::Several(group) => group.first(work)?.transpose(),
        }
    }

    /// What the first process says, in all.
    ///
    /// # Errors
    /// [`Error::C10d`] when they lost each other.
    pub fn first_says(&self, own: bool) -> Result<bool> {
        let Self::Several(group) = self else { return Ok(own) };
        let flag = Tensor::from_slice(&[i64::from(own)]);
        group.broadcast(&flag)?;
        Ok(flag.int64_value(&[0]) != 0)
    }
}

/// Sets the number of threads of libtorch and of all else in this process.
///
/// # Errors
/// [`Error::Threads`] when the system does not give so many.
fn set_threads(threads: usize) -> Result<()> {
    tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    // The pool is there already where this is not the first call.
    if rayon::current_num_threads() == threads {
        return Ok(());
    }
    pool.map_err(|source| Error::Threads { threads, source })
}
