use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tch::{Device, Tensor};

use crate::board::Board;
use crate::call::Call;
use crate::error::{Error, Result};
use crate::ffi::{self, Plugin, Reason};
use crate::meeting::meet;
use crate::patience::{Deadline, within};
use crate::place::Place;
use crate::roll::{Roll, call_roll};
use crate::route::network;

/// What carries tensors from process to process.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// TCP between CPUs. Tensors on a GPU are copied to the CPU and back.
    Gloo,
    /// NVIDIA's NCCL for tensors on GPUs, and Gloo for those on the CPU. **Experimental**: it was not run on a
    /// GPU yet.
    Nccl {
        /// The library that `cargo xtask nccl` builds.
        plugin: PathBuf,
    },
}

/// Processes that work together. All call the same methods in the same order, with tensors of the same kind
/// and size; what differs is an error in all of them, not a wrong sum: at once, or after a broadcast, for whose end
/// nobody waits, at the next operation.
///
/// After an error other than [`Error::Tensor`] the group cannot be used any more: end the process, and let
/// the launcher start all of them again.
pub struct ProcessGroup {
    place: Place,
    backend: Backend,
    board: Board,
    /// For an operation, and for finding out who is to blame after it.
    patience: Duration,
    grace: Duration,
    /// `None` once it has failed.
    carriers: Mutex<Option<Carriers>>,
}

struct Carriers {
    gloo: ffi::Group,
    /// For tensors on a GPU, which otherwise are copied to the CPU.
    nccl: Option<ffi::Group>,
}

impl std::fmt::Debug for ProcessGroup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { place, backend, patience, grace, .. } = self;
        let mut debug = f.debug_struct("ProcessGroup");
        debug.field("place", place).field("backend", backend);
        debug.field("patience", patience).field("grace", grace).finish_non_exhaustive()
    }
}

/// The most time that is taken to find out who is lost.
const GRACE: Duration = Duration::from_secs(5);

impl ProcessGroup {
    /// Meets the other processes. `identity` is what all must agree in, as JSON, such as the parameters of a
    /// training and a fingerprint of its data; the versions of Songscape and libtorch, the vector
    /// instructions and the number of libtorch's threads are compared as well. So set the threads before.
    ///
    /// `timeout` bounds the meeting, and later every operation, unless [`with_timeout`](Self::with_timeout) says
    /// otherwise: so long it waits for a process that is late or stopped, and the error names it.
    ///
    /// # Errors
    /// - [`Error::Listen`], [`Error::Store`], [`Error::Missing`], [`Error::Unreachable`]: the processes did not
    ///   come together within the timeout;
    /// - [`Error::Differs`], [`Error::Twice`]: they do not belong together;
    /// - [`Error::NoGpu`], [`Error::Plugin`]: NCCL cannot be used here;
    /// - [`Error::Environment`] for a place that no launcher gives; [`Error::Unsupported`] where the system is
    ///   not Linux.
    pub fn join(
        place: &Place,
        backend: Backend,
        identity: &Value,
        timeout: Duration,
    ) -> Result<Self> {
        place.check()?;
        if !cfg!(target_os = "linux") {
            return Err(Error::Unsupported);
        }
        let deadline = Deadline::after(timeout);
        // Before the others are kept waiting.
        let plugin = open(&backend)?;
        let board = Board::open(place, &deadline)?;
        meet(&board, place, identity, &deadline)?;
        let (place, carriers) = (place.clone(), Mutex::new(None));
        let (patience, grace) = (Duration::ZERO, Duration::ZERO);
        let group = Self { place, backend, board, patience, grace, carriers }.with_timeout(timeout);
        if group.place.size > 1 {
            group.connect(plugin, &deadline)?;
        }
        Ok(group)
    }

    /// Bounds the operations from here on by another time than the meeting: processes may come late, and then
    /// be expected to keep pace. All should say the same.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        let grace = GRACE.min(timeout / 4);
        Self { patience: timeout.saturating_sub(grace), grace, ..self }
    }

    /// The number of this process, from 0.
    pub fn rank(&self) -> usize {
        self.place.rank
    }

    /// The number of processes.
    pub fn size(&self) -> usize {
        self.place.size
    }

    /// Where this process stands.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Replaces a tensor by the sum over all processes, with the same bits in each.
    ///
    /// Two processes sum as one does; more of them in an order of Gloo's, which rounds otherwise than from
    /// left to right.
    ///
    /// # Errors
    /// - [`Error::Tensor`]: the tensor is not contiguous, or of a kind that cannot be sent;
    /// - [`Error::Lost`] names the processes that are dead, stopped or cut off;
    /// - [`Error::OtherCall`] names one that calls something else;
    /// - [`Error::Failed`], [`Error::Broken`], [`Error::Store`]: something else failed, or did so before.
    pub fn sum(&self, tensor: &Tensor) -> Result<()> {
        const OPERATION: &str = "sum";
        self.check(OPERATION, tensor)?;
        self.run(Call::new(OPERATION, tensor), |carriers| {
            in_place(tensor, carriers, |tensor, by| by.all_reduce(tensor, self.patience))
        })
    }

    /// The tensors `[n, ...]` of all processes by rank, as `[size · n, ...]`.
    ///
    /// # Errors
    /// As [`sum`](Self::sum).
    pub fn gather(&self, own: &Tensor) -> Result<Tensor> {
        const OPERATION: &str = "gather";
        self.check(OPERATION, own)?;
        let mut shape = own.size();
        match shape.first_mut() {
            Some(rows) => *rows *= self.place.size as i64,
            None => {
                let (found, expected) = ("without a dimension".into(), "rows");
                return Err(Error::Tensor { operation: OPERATION, found, expected });
            }
        }
        if self.place.size == 1 {
            return Ok(own.f_detach_copy()?);
        }
        let mut all = Tensor::new();
        self.run(Call::new(OPERATION, own), |carriers| {
            let (own, by) = carriers.of(own)?;
            all = Tensor::f_zeros(&shape, (own.kind(), own.device()))?;
            Ok(by.all_gather(&all, &own, self.patience))
        })?;
        Ok(all.f_to_device(own.device())?)
    }

    /// Replaces a tensor by that of rank 0.
    ///
    /// # Errors
    /// As [`sum`](Self::sum).
    pub fn broadcast(&self, tensor: &Tensor) -> Result<()> {
        const OPERATION: &str = "broadcast";
        self.check(OPERATION, tensor)?;
        self.run(Call::new(OPERATION, tensor), |carriers| {
            in_place(tensor, carriers, |tensor, by| by.broadcast(tensor, self.patience))
        })
    }

    /// Rank 0 works, and the others wait for it, however long it takes: rank 0 keeps telling them that it is
    /// there. Gives what the work gives in rank 0, and `None` in the others.
    ///
    /// # Errors
    /// As [`sum`](Self::sum), and the work itself is done all the same; [`Error::First`] in the others when the
    /// work failed.
    pub fn first<T, E>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<Option<Result<T, E>>> {
        const WORKS: i64 = 0;
        const DONE: i64 = 1;
        const FAILED: i64 = 2;
        if self.place.size == 1 {
            return Ok(Some(work()));
        }
        let tell = |state: i64| {
            let state = Tensor::f_from_slice(&[state])?;
            self.broadcast(&state)?;
            Ok::<i64, Error>(state.f_int64_value(&[0])?)
        };
        if self.place.rank != 0 {
            loop {
                match tell(WORKS)? {
                    WORKS => {}
                    DONE => return Ok(None),
                    _ => return Err(Error::First),
                }
            }
        }
        let (working, watch) = std::sync::mpsc::channel::<i64>();
        std::thread::scope(|scope| {
            let telling = scope.spawn(move || -> Result<()> {
                use std::sync::mpsc::RecvTimeoutError::{Disconnected, Timeout};
                loop {
                    let state = match watch.recv_timeout(self.patience / 4) {
                        Ok(state) => state,
                        Err(Timeout) => WORKS,
                        Err(Disconnected) => FAILED, // the work panicked
                    };
                    tell(state)?;
                    if state != WORKS {
                        return Ok(());
                    }
                }
            });
            let result = work();
            // Nobody listens any more where the others are lost.
            let _ = working.send(if result.is_ok() { DONE } else { FAILED });
            drop(working);
            match telling.join() {
                Ok(told) if result.is_ok() => told.map(|()| Some(result)),
                Ok(_) => Ok(Some(result)),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    /// Makes the connections, and tries them.
    fn connect(&self, plugin: Option<Plugin>, deadline: &Deadline) -> Result<()> {
        let network = network(&self.place);
        let (store, way) = (self.board.store(), network.clone());
        let (rank, size, patience) = (self.place.rank, self.place.size, self.patience);
        let connect = move || {
            let make = |name, plugin| {
                ffi::Group::new(&store.prefix(name)?, rank, size, patience, &way, plugin)
            };
            let gloo = make("gloo", None)?;
            let nccl = plugin.map(|plugin| make("nccl", Some(plugin))).transpose()?;
            Ok(Carriers { gloo, nccl })
        };
        let made = within(deadline.left() + self.grace, connect);
        match made.unwrap_or_else(|| Err("no connection in time".into())) {
            Ok(carriers) => {
                *self.carriers.lock().unwrap_or_else(PoisonError::into_inner) = Some(carriers);
            }
            Err(reason) => {
                return Err(match self.to_blame(&Call::JOIN, Trouble::Carrier(reason)) {
                    Error::Failed { reason, .. } => Error::Unreachable { network, reason },
                    lost => lost,
                });
            }
        }
        let mut devices = vec![Device::Cpu];
        if let Backend::Nccl { .. } = self.backend {
            devices.push(Device::Cuda(self.place.local_rank));
        }
        for device in devices {
            let own = Tensor::f_from_slice(&[rank as i64])?.f_to_device(device)?;
            let found = Vec::<i64>::try_from(self.gather(&own)?)?;
            if !found.iter().copied().eq(0..size as i64) {
                let reason = format!("the ranks arrive as {found:?}");
                return Err(Error::Failed { operation: Call::JOIN.operation, reason });
            }
        }
        Ok(())
    }

    /// Refuses what the backends would send wrongly, or not at all.
    fn check(&self, operation: &'static str, tensor: &Tensor) -> Result<()> {
        let refused = |found: String, expected| Err(Error::Tensor { operation, found, expected });
        if !tensor.defined() {
            return refused("undefined".into(), "one with numbers");
        }
        if tensor.is_sparse() || tensor.is_mkldnn() {
            return refused("sparse or packed".into(), "a dense one");
        }
        let kind = tensor.kind();
        if !Call::KINDS.contains(&kind) {
            return refused(format!("of {kind:?}"), "a real number of a common size");
        }
        // The backends read as many elements as there are from where it begins.
        if !tensor.is_contiguous() {
            return refused("not contiguous".into(), "a contiguous one");
        }
        Ok(())
    }

    /// Runs an operation once all processes are known to call the same one.
    fn run(
        &self,
        call: Call,
        operation: impl FnOnce(&Carriers) -> Result<Result<(), Reason>>,
    ) -> Result<()> {
        if self.place.size == 1 {
            return Ok(());
        }
        let mut held = self.carriers.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(carriers) = held.as_ref() else {
            return Err(Error::Broken { operation: call.operation });
        };
        let outcome = match self.agree(&carriers.gloo, &call)? {
            Agreement::Same => operation(carriers)?.map_err(Trouble::Carrier),
            Agreement::Other(there) => Err(Trouble::OtherCall { there }),
            Agreement::Failed(reason) => Err(Trouble::Carrier(reason)),
        };
        let Err(trouble) = outcome else { return Ok(()) };
        let carriers = held.take();
        // Their connections are closed, so that the others notice. That may wait for their threads.
        within(self.grace, move || drop(carriers));
        Err(self.to_blame(&call, trouble))
    }

    /// Gloo ends the process that receives more than it asked for, and NCCL waits for ever, so that a process
    /// compares its call with that of rank 0 before. One that differs does not take part.
    fn agree(&self, gloo: &ffi::Group, call: &Call) -> Result<Agreement> {
        let numbers = Tensor::f_from_slice(&call.numbers())?;
        if let Err(reason) = gloo.broadcast(&numbers, self.patience) {
            return Ok(Agreement::Failed(reason));
        }
        let mut of_rank_0 = call.numbers();
        numbers.f_copy_data(&mut of_rank_0, numbers.numel())?;
        let same = of_rank_0 == call.numbers();
        Ok(if same { Agreement::Same } else { Agreement::Other(Call::text(of_rank_0)) })
    }

    /// The error that says who is to blame for a call that failed.
    fn to_blame(&self, call: &Call, trouble: Trouble) -> Error {
        let (operation, own, size) = (call.operation, self.place.rank, self.place.size);
        let here = Call::text(call.numbers());
        // What this process has to say in the roll call: nothing, if it only noticed that something failed.
        let said = if matches!(trouble, Trouble::OtherCall { .. }) { here.as_str() } else { "" };
        let roll = call_roll(&self.board, &self.place, said, self.grace);
        let reason = match trouble {
            Trouble::OtherCall { there } => return Error::OtherCall { rank: 0, there, own, here },
            Trouble::Carrier(reason) => reason,
        };
        match roll {
            Ok(Roll { other: Some((rank, there)), .. }) => {
                Error::OtherCall { rank, there, own, here }
            }
            Ok(Roll { lost, .. }) if lost.is_empty() => Error::Failed { operation, reason },
            Ok(Roll { lost, .. }) => Error::Lost { ranks: lost, size, operation, reason },
            // The host of the store is gone.
            Err(error) => match self.place.hosted_by() {
                Some(rank) if rank != own => {
                    Error::Lost { ranks: vec![rank], size, operation, reason }
                }
                _ => error,
            },
        }
    }
}

/// Whether a process is about to do what rank 0 is about to do.
enum Agreement {
    Same,
    /// What rank 0 is about to do.
    Other(String),
    Failed(Reason),
}

/// Why a call did not succeed.
enum Trouble {
    OtherCall { there: String },
    Carrier(Reason),
}

impl Carriers {
    /// A tensor where it can be carried from, and what carries it.
    fn of(&self, tensor: &Tensor) -> Result<(Tensor, &ffi::Group)> {
        match (&self.nccl, tensor.device()) {
            (Some(nccl), Device::Cuda(_)) => Ok((tensor.shallow_clone(), nccl)),
            _ => Ok((tensor.f_to_device(Device::Cpu)?, &self.gloo)),
        }
    }
}

/// Does something to the memory of a tensor.
fn in_place(
    tensor: &Tensor,
    carriers: &Carriers,
    operation: impl FnOnce(&Tensor, &ffi::Group) -> Result<(), Reason>,
) -> Result<Result<(), Reason>> {
    let (carried, by) = carriers.of(tensor)?;
    let result = operation(&carried, by);
    if result.is_ok() && carried.device() != tensor.device() {
        tch::no_grad(|| tensor.shallow_clone().f_copy_(&carried))?;
    }
    Ok(result)
}

/// The plugin of a backend, where the machine can use it.
fn open(backend: &Backend) -> Result<Option<Plugin>> {
    let Backend::Nccl { plugin } = backend else { return Ok(None) };
    // The plugin needs the names of libtorch's CUDA half, which is there if a GPU is.
    if !tch::Cuda::is_available() {
        return Err(Error::NoGpu);
    }
    match Plugin::open(plugin) {
        Ok(plugin) => Ok(Some(plugin)),
        Err(reason) => Err(Error::Plugin { path: plugin.clone(), reason }),
    }
}

impl songscape_contrastive::Group for ProcessGroup {
    fn rank(&self) -> usize {
        self.rank()
    }

    fn size(&self) -> usize {
        self.size()
    }

    fn sum(&self, tensor: &Tensor) -> songscape_contrastive::Result<()> {
        Ok(self.sum(tensor)?)
    }

    fn gather(&self, own: &Tensor) -> songscape_contrastive::Result<Tensor> {
        Ok(self.gather(own)?)
    }

    fn broadcast(&self, tensor: &Tensor) -> songscape_contrastive::Result<()> {
        Ok(self.broadcast(tensor)?)
    }
}
