use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::pin::pin;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::ScopedJoinHandle;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::http::HttpBuilder;
use object_store::local::LocalFileSystem;
use object_store::{ClientConfigKey, ObjectStore, RetryConfig};
use songscape_project::Job;
use tokio::runtime::{Builder, Runtime};
use url::{Position, Url};

use super::fault::{Fault, told};
use super::params::ObjectParams;
use crate::error::{Error, Result};

/// How often it is asked whether to stop.
const LOOK: Duration = Duration::from_millis(50);

/// Object stores: Amazon's S3 and what speaks as it does, Google's, Azure's; songs come by HTTP as well, and shards
/// go to `file://`, too.
///
/// [`Store::make`](crate::Store::make) fetches songs of a catalog that have addresses by itself, as the environment
/// says. This is for shards that are kept in a store. Its methods wait for what they ask for: within asynchronous
/// code they belong on a thread of their own.
pub struct Objects {
    pub(super) params: ObjectParams,
    runtime: Runtime,
    /// By what addresses begin with.
    stores: Mutex<HashMap<String, Arc<dyn ObjectStore>>>,
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Objects").field("params", &self.params).finish_non_exhaustive()
    }
}

/// What a store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Amazon,
    Azure,
    Google,
    Http,
    Local,
}

impl Kind {
    fn of(scheme: &str) -> Option<Self> {
        match scheme {
            "s3" | "s3a" => Some(Self::Amazon),
            "az" | "adl" | "azure" | "abfs" | "abfss" => Some(Self::Azure),
            "gs" => Some(Self::Google),
            "http" | "https" => Some(Self::Http),
            "file" => Some(Self::Local),
            _ => None,
        }
    }
}

/// An object, or a folder of objects.
pub(super) struct Place {
    pub address: String,
    pub kind: Kind,
    pub store: Arc<dyn ObjectStore>,
    pub path: object_store::path::Path,
}

impl Objects {
    /// Stores as the environment describes them.
    ///
    /// # Errors
    /// As [`ObjectParams::from_env`] and [`new`](Self::new).
    pub fn from_env() -> Result<Self> {
        Self::new(ObjectParams::from_env()?)
    }

    /// Stores as the environment and these parameters describe them. Nothing is asked yet.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a number outside its range; [`Error::Object`] when the system gives no thread.
    pub fn new(params: ObjectParams) -> Result<Self> {
        params.validate()?;
        // The client takes the ciphers that the program has chosen. Where it has chosen none, these.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("songscape-objects")
            .enable_all()
            .build()
            .map_err(|e| Error::Object { address: "objects".into(), reason: e.to_string() })?;
        Ok(Self { params, runtime, stores: Mutex::default() })
    }

    /// The parameters.
    pub fn params(&self) -> &ObjectParams {
        &self.params
    }

    /// Where an address leads.
    pub(super) fn place(&self, address: &str) -> Result<Place, Fault> {
        let url = Url::parse(address).map_err(|e| Fault::Object(format!("no address: {e}")))?;
        let kind = Kind::of(url.scheme());
        let kind = kind.ok_or_else(|| Fault::Object(format!("an address ({})", url.scheme())))?;
        let path = object_store::path::Path::from_url_path(url.path());
        let path = path.map_err(|e| Fault::Object(format!("no name of an object: {e}")))?;
        let base = &url[..Position::BeforePath];
        let mut stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        let store = match stores.get(base) {
            Some(store) => Arc::clone(store),
            None => {
                let store = self.store(kind, base).map_err(|e| Fault::Store(told(&e)))?;
                stores.insert(base.to_owned(), Arc::clone(&store));
                store
            }
        };
        Ok(Place { address: address.into(), kind, store, path })
    }

    /// The store whose addresses begin so.
    fn store(&self, kind: Kind, base: &str) -> object_store::Result<Arc<dyn ObjectStore>> {
        let retry = RetryConfig {
            max_retries: self.params.retries,
            retry_timeout: self.params.retry_time(),
            ..RetryConfig::default()
        };
        let store: Arc<dyn ObjectStore> = match kind {
            Kind::Amazon => {
                let builder = AmazonS3Builder::from_env();
                let set = |b: AmazonS3Builder, key, value: String| b.with_config(key, value);
                let builder = self.set(builder, AmazonS3ConfigKey::Client, set);
                Arc::new(builder.with_url(base).with_retry(retry).build()?)
            }
            Kind::Azure => {
                let builder = MicrosoftAzureBuilder::from_env();
                let set = |b: MicrosoftAzureBuilder, key, value: String| b.with_config(key, value);
                let builder = self.set(builder, AzureConfigKey::Client, set);
                Arc::new(builder.with_url(base).with_retry(retry).build()?)
            }
            Kind::Google => {
                let builder = GoogleCloudStorageBuilder::from_env();
                let set =
                    |b: GoogleCloudStorageBuilder, key, value: String| b.with_config(key, value);
                let builder = self.set(builder, GoogleConfigKey::Client, set);
                Arc::new(builder.with_url(base).with_retry(retry).build()?)
            }
            Kind::Http => {
                let plain = base.starts_with("http:");
                let builder = HttpBuilder::new();
                let builder = builder.with_config(ClientConfigKey::AllowHttp, plain.to_string());
                let set = |b: HttpBuilder, key, value: String| b.with_config(key, value);
                let builder = self.set(builder, |key| key, set);
                Arc::new(builder.with_url(base).with_retry(retry).build()?)
            }
            Kind::Local => Arc::new(LocalFileSystem::new().with_fsync(true)),
        };
        Ok(store)
    }

    /// A builder with the times of this, and its options.
    fn set<B, K: FromStr>(
        &self,
        builder: B,
        client: impl Fn(ClientConfigKey) -> K,
        with: impl Fn(B, K, String) -> B,
    ) -> B {
        let idle = format!("{}ms", (self.params.idle_seconds * 1000.0) as u64);
        let builder = with(builder, client(ClientConfigKey::ReadTimeout), idle);
        // Large objects on slow lines take long.
        let builder = with(builder, client(ClientConfigKey::Timeout), "1h".into());
        let key = |name: &str| name.to_ascii_lowercase().parse::<K>().ok();
        let options = self.params.options.iter();
        let options = options.filter_map(|(name, value)| Some((key(name)?, value.clone())));
        options.fold(builder, |builder, (key, value)| with(builder, key, value))
    }

    /// Waits for something, unless it is to stop before.
    pub(super) fn wait<T>(
        &self,
        stop: &dyn Fn() -> bool,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        self.runtime.block_on(async {
            let mut work = pin!(work);
            loop {
                match tokio::time::timeout(LOOK, &mut work).await {
                    Ok(done) => return Some(done),
                    Err(_) if stop() => return None,
                    Err(_) => {}
                }
            }
        })
    }

    /// Waits for an answer about an object or a folder without which nothing can go on. `folder` is the one on this
    /// side.
    pub(super) fn ask<T>(
        &self,
        place: &Place,
        folder: &Path,
        job: &Job<'_>,
        work: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T> {
        let answer = self.wait(&|| job.interrupted(), work);
        let answer = answer.ok_or(Error::Interrupted { done: 0, total: 1 })?;
        answer.map_err(|fault| fault.error(&place.address, folder))
    }

    /// Does something with each item, as many at a time as there may be requests. Gives up at the first error.
    pub(super) fn each<T: Sync, R: Send>(
        &self,
        items: &[T],
        job: &Job<'_>,
        work: impl Fn(&T) -> Result<R> + Sync,
    ) -> Result<Vec<R>> {
        let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        let one = || -> Result<Vec<(usize, R)>> {
            let mut done = Vec::new();
            while !failed.load(Ordering::Relaxed) {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(item) = items.get(place) else { break };
                let result = match job.interrupted() {
                    true => Err(Error::Interrupted { done: place, total: items.len() }),
                    false => work(item),
                };
                let result = result.inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
                done.push((place, result));
                job.advance(1);
            }
            Ok(done)
        };
        let mut all = Vec::with_capacity(items.len());
        std::thread::scope(|scope| {
            let threads = self.params.requests.min(items.len());
            let started: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
            for done in started.into_iter().map(ScopedJoinHandle::join) {
                all.extend(done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            Ok::<(), Error>(())
        })?;
        all.sort_by_key(|(place, _)| *place);
        Ok(all.into_iter().map(|(_, result)| result).collect())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use songscape_project::Silent;

    use super::*;

    #[test]
    fn addresses_lead_to_stores_and_names_are_decoded() {
        let options = [
            ("AWS_ACCESS_KEY_ID", "key"),
            ("aws_secret_access_key", "5ec3e7"),
            ("azure_storage_account_name", "account"),
            ("azure_storage_account_key", "a2V5"),
            ("google_skip_signature", "true"),
        ];
        let options = options.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let objects = Objects::new(ObjectParams { options, ..ObjectParams::default() }).unwrap();
        let places = [
            ("s3://My_bucket/a b/ä%3F.mp3", Kind::Amazon, "a b/ä?.mp3"),
            ("s3a://bucket", Kind::Amazon, ""),
            ("az://container/k", Kind::Azure, "k"),
            ("abfss://container@account.dfs.core.windows.net/k/l", Kind::Azure, "k/l"),
            ("gs://bucket/k%2520.mp3", Kind::Google, "k%20.mp3"),
            ("https://host:8443/a/b.mp3", Kind::Http, "a/b.mp3"),
            ("file:///mnt/a%20b/", Kind::Local, "mnt/a b"),
        ];
        for (address, kind, path) in places {
            let place =
                objects.place(address).unwrap_or_else(|fault| panic!("{address}: {fault:?}"));
            assert_eq!((place.kind, place.path.to_string().as_str()), (kind, path), "{address}");
        }
        // Two songs of one bucket share its connections.
        let store = |address| objects.place(address).unwrap().store;
        assert!(Arc::ptr_eq(&store("s3://b/1"), &store("s3://b/2")));
        assert!(!Arc::ptr_eq(&store("s3://b/1"), &store("s3://c/1")));
        for wrong in ["s3://b/a//b", "https://", "ftp://h/a", "s3://b/%FF"] {
            assert!(matches!(objects.place(wrong), Err(Fault::Object(_))), "{wrong}");
        }
        assert!(!format!("{objects:?}").contains("5ec3e7"));
    }

    #[test]
    fn results_come_in_order_and_the_first_error_ends_it() {
        let objects =
            Objects::new(ObjectParams { requests: 3, ..ObjectParams::default() }).unwrap();
        let items: Vec<u64> = (0..20).collect();
        let job = Job::begin(&Silent, "test", 20, "items");
        let slow = |item: &u64| {
            std::thread::sleep(Duration::from_millis(20 - *item));
            Ok(item * item)
        };
        let squares: Vec<u64> = items.iter().map(|item| item * item).collect();
        assert_eq!(objects.each(&items, &job, slow).unwrap(), squares);
        assert!(objects.each::<u64, u64>(&[], &job, |_| Ok(0)).unwrap().is_empty());

        let begun = AtomicUsize::new(0);
        let fails = |item: &u64| match begun.fetch_add(1, Ordering::Relaxed) {
            4 => Err(Error::Object { address: item.to_string(), reason: "refused".into() }),
            _ => Ok(()),
        };
        let error = objects.each(&items, &job, fails).unwrap_err();
        assert!(error.to_string().ends_with(": refused"), "{error}");
    }

    #[test]
    fn waiting_ends_when_it_is_to_stop() {
        let objects = Objects::new(ObjectParams::default()).unwrap();
        assert_eq!(objects.wait(&|| true, async { 1 }), Some(1));
        assert_eq!(objects.wait(&|| true, std::future::pending::<()>()), None);
    }
}
