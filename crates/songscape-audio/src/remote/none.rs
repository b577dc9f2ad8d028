//! What is there without the feature `object-store`: nothing but a refusal.

use std::path::Path;

use songscape_project::{Progress, SongTable};

use super::{Fetched, check};
use crate::error::{Problem, Result};
use crate::stamp::Stamp;

/// Where songs are fetched from that are not on a disk: nowhere.
pub(crate) struct Remote;

impl Remote {
    pub(crate) fn of(_: &SongTable) -> Result<Self> {
        Ok(Self)
    }

    pub(crate) fn stamps(
        &self,
        addresses: &[&str],
        _: &dyn Progress,
    ) -> Result<Vec<Result<Stamp, Problem>>> {
        Ok(addresses.iter().map(|address| Err(refused(address))).collect())
    }

    pub(crate) fn fetch(&self, address: &str, _: &Path, _: &dyn Fn() -> bool) -> Result<Fetched> {
        Ok(Fetched::Refused(refused(address)))
    }
}

fn refused(address: &str) -> Problem {
    Problem::Address(check(address).err().unwrap_or_default())
}
