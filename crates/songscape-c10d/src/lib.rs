//! Several processes that train one network: torch's c10d for tensors of `tch`, with errors that name ranks.
//!
#![doc = concat!(
    "![One step of two processes: outputs are gathered, gradients summed](data:image/svg+xml;base64,",
    include_str!("../doc/step.svg.base64"),
    ")"
)]
//!
//! - [`Place`]: the place of a process in the group, from the environment that `torchrun` or `srun` sets;
//! - [`ProcessGroup`]: the processes, once they have met: [`sum`](ProcessGroup::sum),
//!   [`gather`](ProcessGroup::gather), [`broadcast`](ProcessGroup::broadcast), and
//!   [`first`](ProcessGroup::first), for what one of them does while the others wait. It is a
//!   [`Group`](songscape_contrastive::Group), with which [`train_in`](songscape_contrastive::train_in) trains;
//! - [`Backend`]: Gloo between CPUs, NCCL between GPUs;
//! - [`Error`]: who is lost, missing, or different, and in what.
//!
//! # How the processes meet
//! Rank 0 (or the launcher) hosts a key-value store of c10d. Each process says what it is: the size of the
//! group, the versions of Songscape and libtorch, the vector instructions and the number of threads, which decide
//! how sums are rounded, and an identity that the caller gives. Rank 0 compares all of them with itself, and all
//! read its verdict. Only then do they connect to each other, from the address of the route to the store
//! (`GLOO_SOCKET_IFNAME` names other interfaces), and try the connections.
//!
//! # How nothing hangs
//! Every call ends within the timeout that [`join`](ProcessGroup::join) was given, whatever happens to other
//! processes; calls of the store that could wait for a stopped server are left behind on a thread. When an
//! operation fails, every process that notices closes its connections, so that the others notice, too. Then all
//! answer a roll call in the store; a process that does not answer is [`Lost`](Error::Lost). Before each
//! operation a process compares what it is about to do with what rank 0 is about to do, since Gloo ends a process
//! that receives more than it asked for.
//!
//! # What sums are
//! A sum has the same bits in all processes. With two processes it is `a + b`; with more, its rounding depends on
//! their number, but not on timing. So a training repeats bit by bit with the same number of processes, and two
//! processes give the bits of one ([`train_in`](songscape_contrastive::train_in)).

mod board;
mod call;
mod error;
#[cfg_attr(not(target_os = "linux"), path = "absent.rs")]
mod ffi;
mod group;
mod meeting;
mod patience;
mod place;
mod roll;
mod route;

pub use error::{Error, Result};
pub use group::{Backend, ProcessGroup};
pub use place::Place;

// What the signatures here use.
pub use {serde_json, songscape_contrastive as contrastive, songscape_project as project, tch};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
