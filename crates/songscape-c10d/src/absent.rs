//! The place of `ffi.rs` on systems for which c10d is not bound: nothing can be made, so nothing is called.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use tch::Tensor;

pub(crate) type Reason = String;

const ABSENT: &str = "c10d is bound on Linux only";

pub(crate) fn libtorch() -> [String; 3] {
    Default::default()
}

pub(crate) enum Store {}

impl Store {
    pub(crate) fn connect(
        _: &str,
        _: u16,
        _: Option<TcpListener>,
        _: Duration,
    ) -> Result<Self, Reason> {
        Err(ABSENT.into())
    }

    pub(crate) fn prefix(&self, _: &str) -> Result<Self, Reason> {
        match *self {}
    }

    pub(crate) fn set(&self, _: &str, _: &[u8]) -> Result<(), Reason> {
        match *self {}
    }

    pub(crate) fn get(&self, _: &str) -> Result<Option<Vec<u8>>, Reason> {
        match *self {}
    }

    pub(crate) fn add(&self, _: &str, _: i64) -> Result<i64, Reason> {
        match *self {}
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Plugin {}

impl Plugin {
    pub(crate) fn open(_: &Path) -> Result<Self, Reason> {
        Err(ABSENT.into())
    }
}

pub(crate) enum Group {}

impl Group {
    pub(crate) fn new(
        _: &Store,
        _: usize,
        _: usize,
        _: Duration,
        _: &str,
        _: Option<Plugin>,
    ) -> Result<Self, Reason> {
        Err(ABSENT.into())
    }

    pub(crate) fn all_reduce(&self, _: &Tensor, _: Duration) -> Result<(), Reason> {
        match *self {}
    }

    pub(crate) fn broadcast(&self, _: &Tensor, _: Duration) -> Result<(), Reason> {
        match *self {}
    }

    pub(crate) fn all_gather(&self, _: &Tensor, _: &Tensor, _: Duration) -> Result<(), Reason> {
        match *self {}
    }
}
