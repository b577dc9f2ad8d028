//! The store at which the processes meet: a few keys, and no call that waits for ever.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::ffi::{Reason, Store};
use crate::patience::{Deadline, within};
use crate::place::Place;

/// Between two looks at a key: the first time, and at most.
const LOOKS: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(200)];

/// The keys of one run in the store.
#[derive(Clone)]
pub(crate) struct Board {
    store: Arc<Store>,
    address: String,
    hosted_by: Option<usize>,
}

impl Board {
    /// Hosts the store, or connects to it; until the deadline, the host may come later than this process.
    pub(crate) fn open(place: &Place, deadline: &Deadline) -> Result<Self> {
        let hosts = place.hosted_by() == Some(place.rank);
        let listener = if hosts { Some(listen(place.port)?) } else { None };
        let (host, port, limit) = (place.host.clone(), place.port, deadline.left());
        let prefix = format!("songscape/{}", place.run);
        let connect =
            move || Store::connect(&host, port, listener, limit).and_then(|s| s.prefix(&prefix));
        let (address, hosted_by) = (place.address(), place.hosted_by());
        match answer(limit, connect) {
            Ok(store) => Ok(Self { store: Arc::new(store), address, hosted_by }),
            Err(reason) => {
                Err(Error::Store { address, hosted_by, waited: deadline.waited(), reason })
            }
        }
    }

    /// The store, for the backends.
    pub(crate) fn store(&self) -> Arc<Store> {
        Arc::clone(&self.store)
    }

    pub(crate) fn set(&self, key: String, value: Vec<u8>, deadline: &Deadline) -> Result<()> {
        self.ask(deadline, move |store| store.set(&key, &value))
    }

    /// Adds to a counter and returns it.
    pub(crate) fn add(&self, key: String, amount: i64, deadline: &Deadline) -> Result<i64> {
        self.ask(deadline, move |store| store.add(&key, amount))
    }

    /// What is under a key now.
    pub(crate) fn get(&self, key: String, deadline: &Deadline) -> Result<Option<Vec<u8>>> {
        self.ask(deadline, move |store| store.get(&key))
    }

    /// What comes under a key until the deadline.
    pub(crate) fn wait(&self, key: String, deadline: &Deadline) -> Result<Option<Vec<u8>>> {
        let end = Instant::now() + deadline.left();
        self.ask(deadline, move |store| {
            let [mut pause, longest] = LOOKS;
            loop {
                match store.get(&key) {
                    Ok(None) if Instant::now() < end => std::thread::sleep(pause),
                    found => return found,
                }
                // A thousand processes look at one store.
                pause = (2 * pause).min(longest);
            }
        })
    }

    fn ask<T: Send + 'static>(
        &self,
        deadline: &Deadline,
        question: impl FnOnce(&Store) -> Result<T, Reason> + Send + 'static,
    ) -> Result<T> {
        let store = self.store();
        answer(deadline.left(), move || question(&store)).map_err(|reason| Error::Store {
            address: self.address.clone(),
            hosted_by: self.hosted_by,
            waited: deadline.waited(),
            reason,
        })
    }
}

/// What the store says, which may take a moment after the time is over, since the clocks of c10d begin later.
fn answer<T: Send + 'static>(
    limit: Duration,
    question: impl FnOnce() -> Result<T, Reason> + Send + 'static,
) -> Result<T, Reason> {
    const MOMENT: Duration = Duration::from_millis(500);
    within(limit + MOMENT, question).unwrap_or_else(|| Err(Reason::new()))
}

/// A socket on a port of all addresses of this machine.
fn listen(port: u16) -> Result<TcpListener> {
    // Of both families where the machine has both.
    TcpListener::bind(("::", port))
        .or_else(|error| match error.kind() {
            std::io::ErrorKind::AddrInUse | std::io::ErrorKind::PermissionDenied => Err(error),
            _ => TcpListener::bind(("0.0.0.0", port)),
        })
        .map_err(|source| Error::Listen { port, source })
}
