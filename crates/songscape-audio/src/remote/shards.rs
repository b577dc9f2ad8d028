//! Shards in an object store: each whole or not there.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt as _;
use object_store::{ObjectMeta, ObjectStore as _, ObjectStoreExt as _, WriteMultipart};
use songscape_project::{Job, Progress, Project, Record, Shard, remove_if_there, write_atomic};
use walkdir::WalkDir;

use super::check;
use super::fault::{Fault, told};
use super::fetch::{new_file, stamp};
use super::objects::{Kind, Objects, Place};
use crate::error::{Error, Result};

/// Bytes that are put by one request.
const PIECE: u64 = 8 << 20;
/// Pieces that an object may have; Amazon takes 10,000.
const MOST_PIECES: u64 = 9_000;
/// Says which version of a shard a folder has: what was there when it was got.
const GOT: &str = ".got";

impl Objects {
    /// Puts the folder of a finished shard below an address: `s3://bucket/store` gets `shards/3-of-7/…`, as
    /// the folder `folder` has it. Returns the number of files. Without `images` the PNG files stay here: whoever merges
    /// shards, trains or embeds needs pixels only.
    ///
    /// The shard is there as a whole or not at all: its `parameters.json`, without which it does not count, is removed
    /// first and put last. Objects of an earlier version that are no longer in the shard are removed.
    ///
    /// # Errors
    /// [`Error::Unfinished`] when the shard is not whole; [`Error::Parameter`] when nothing can be put to the address;
    /// [`Error::Object`] when the store refuses, or does not answer; [`Error::Project`] when another process works on
    /// the shard; [`Error::Interrupted`] when `progress` says so.
    pub fn put_shard(
        &self,
        shard: Shard,
        folder: impl AsRef<Path>,
        address: &str,
        images: bool,
        progress: &dyn Progress,
    ) -> Result<usize> {
        let own = shard.folder(folder);
        let is_whole = Record::file(&own).exists() && Record::read(&own)?.finished;
        if !is_whole {
            return Err(Error::Unfinished { path: own });
        }
        let to = self.folder(address, &name_of(&shard.folder("")))?;
        let _held = Project::open(&own)?;
        let marker = marker();
        let mut files = files_of(&own)?;
        files.retain(|(name, _)| *name != marker && (images || !name.ends_with(".png")));
        let job = Job::begin(progress, "putting", files.len() as u64 + 1, "files");

        let before = self.ask(&to, &own, &job, list(&to))?;
        let there = |name: &str| before.iter().any(|(known, _)| known == name);
        if there(&marker) {
            self.ask(&to, &own, &job, delete(&to, &marker))?;
        }
        let (small, large): (Vec<_>, Vec<_>) = files.iter().partition(|(_, bytes)| *bytes <= PIECE);
        self.each(&small, &job, |(name, _)| self.ask(&to, &own, &job, put(&to, &own, name)))?;
        // One after the other, as each of them takes all requests.
        for (name, bytes) in large {
            let pieces = self.put_in_pieces(&to, &own, name, *bytes);
            self.ask(&to, &own, &job, pieces)?;
            job.advance(1);
        }
        let now: HashSet<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        let is_gone = |name: &str| name != marker && !now.contains(name);
        let gone: Vec<&str> =
            before.iter().map(|(name, _)| name.as_str()).filter(|&name| is_gone(name)).collect();
        for name in gone {
            self.ask(&to, &own, &job, delete(&to, name))?;
        }
        self.ask(&to, &own, &job, put(&to, &own, &marker))?;
        job.advance(1);
        Ok(files.len() + 1)
    }

    /// Gets the shards that [`put_shard`](Self::put_shard) put below an address into `folder`, to be merged there.
    /// Returns how many there are now. Those that are not whole are not got; those that are there in the same version
    /// are not got again; others are replaced.
    ///
    /// # Errors
    /// [`Error::Parameter`] when nothing can be got from the address; [`Error::Object`] when the store refuses, or does
    /// not answer; [`Error::Io`] and [`Error::Project`] when a file cannot be written, or another process works on a
    /// shard; [`Error::Interrupted`] when `progress` says so.
    pub fn get_shards(
        &self,
        address: &str,
        folder: impl AsRef<Path>,
        progress: &dyn Progress,
    ) -> Result<usize> {
        let folder = folder.as_ref();
        let shards = Shard::WHOLE.folder("");
        let all = self.folder(address, &name_of(shards.parent().unwrap_or(Path::new(""))))?;
        let job = Job::begin(progress, "listing", 1, "shards");
        let found = self.ask(&all, folder, &job, async {
            let found = all.store.list_with_delimiter(Some(&all.path)).await;
            found.map_err(|error| Fault::of(all.kind, &error))
        })?;
        drop(job);
        let name = |prefix: &object_store::path::Path| prefix.filename().map(str::to_owned);
        let names = found.common_prefixes.iter().filter_map(name);
        let mut shards: Vec<Shard> = names.filter_map(|name| Shard::try_from(name).ok()).collect();
        shards.sort_unstable();
        let mut whole = 0;
        for shard in shards {
            whole += usize::from(self.get_shard(shard, folder, address, progress)?);
        }
        Ok(whole)
    }

    /// Gets one shard. Returns whether it is whole.
    fn get_shard(
        &self,
        shard: Shard,
        folder: &Path,
        address: &str,
        progress: &dyn Progress,
    ) -> Result<bool> {
        let (own, marker) = (shard.folder(folder), marker());
        let from = self.folder(address, &name_of(&shard.folder("")))?;
        let job = Job::begin(progress, &format!("shard {shard}"), 0, "files");
        let mut there = self.ask(&from, &own, &job, list(&from))?;
        drop(job);
        there.retain(|(name, _)| is_plain(name));
        if !there.iter().any(|(name, _)| *name == marker) {
            return Ok(false);
        }
        let _held = Project::open(&own)?;
        let (version, got) = (version(&mut there), own.join(GOT));
        let same = std::fs::read_to_string(&got).is_ok_and(|got| got == version);
        if same && Record::file(&own).exists() {
            return Ok(true);
        }
        // From here on the shard does not count.
        remove_if_there(&got)?;
        remove_if_there(Record::file(&own))?;
        there.retain(|(name, _)| *name != marker);
        let job = Job::begin(progress, &format!("shard {shard}"), there.len() as u64 + 1, "files");
        self.each(&there, &job, |(name, _)| self.get(&from, &own, name, &job))?;
        self.get(&from, &own, &marker, &job)?;
        job.advance(1);
        write_atomic(&got, |file| file.write_all(version.as_bytes()))?;
        Ok(true)
    }

    /// Gets one file of a shard, whole or not at all.
    fn get(&self, from: &Place, own: &Path, name: &str, job: &Job<'_>) -> Result<()> {
        let to = own.join(name);
        let beside = to.parent().unwrap_or(own);
        std::fs::create_dir_all(beside).map_err(Error::io(beside))?;
        let mut file = new_file(beside)?;
        let place = from.child(name)?;
        self.ask(&place, beside, job, self.download(&place, file.as_file_mut(), u64::MAX))?;
        file.as_file().sync_all().map_err(Error::io(&to))?;
        file.persist(&to).map_err(|e| Error::Io { path: to.clone(), source: e.error })?;
        Ok(())
    }

    /// A folder below an address that shards can be put to.
    fn folder(&self, address: &str, name: &str) -> Result<Place> {
        let wrong = |found: &str| {
            let expected = "s3://…, gs://…, az://… or file://…, without `?`, name or password";
            let found = found.split(", expected").next().unwrap_or_default().to_owned();
            Error::Parameter { field: "the address of shards", found, expected }
        };
        let Some((scheme, _)) = address.split_once("://") else { return Err(wrong(address)) };
        let below = format!("{}/{name}", address.trim_end_matches('/'));
        if !scheme.eq_ignore_ascii_case("file") {
            check(&below).map_err(|reason| wrong(&reason))?;
        }
        match self.place(&below) {
            Ok(place) if place.kind != Kind::Http => Ok(place),
            Ok(_) | Err(Fault::Object(_)) => Err(wrong(address)),
            Err(fault) => Err(fault.error(address, Path::new(""))),
        }
    }

    /// Puts a large file by as many requests at a time as there may be.
    async fn put_in_pieces(
        &self,
        to: &Place,
        own: &Path,
        name: &str,
        bytes: u64,
    ) -> Result<(), Fault> {
        let fault = |error| Fault::of(to.kind, &error);
        let mut file = File::open(own.join(name)).map_err(Fault::Disk)?;
        let path = to.path_of(name)?;
        let piece = usize::try_from(PIECE.max(bytes.div_ceil(MOST_PIECES))).unwrap_or(usize::MAX);
        let upload = to.store.put_multipart(&path).await.map_err(fault)?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, piece);
        let mut buffer = vec![0; 1 << 20];
        loop {
            let room = upload.wait_for_capacity(self.params.requests).await.map_err(fault);
            match room.and_then(|()| file.read(&mut buffer).map_err(Fault::Disk)) {
                Ok(0) => break,
                Ok(read) => upload.write(&buffer[..read]),
                Err(fault) => {
                    // What went wrong first is what is told.
                    let _ = upload.abort().await;
                    return Err(fault);
                }
            }
        }
        upload.finish().await.map(drop).map_err(fault)
    }
}

impl Place {
    /// The path of an object within a folder.
    fn path_of(&self, name: &str) -> Result<object_store::path::Path, Fault> {
        let path = object_store::path::Path::parse(format!("{}/{name}", self.path));
        path.map_err(|e| Fault::Object(format!("no name of an object: {e}")))
    }

    fn child(&self, name: &str) -> Result<Self> {
        let address = format!("{}/{name}", self.address);
        match self.path_of(name) {
            Ok(path) => Ok(Self { address, kind: self.kind, store: self.store.clone(), path }),
            Err(fault) => Err(fault.error(&address, Path::new(""))),
        }
    }
}

/// The file without which a shard does not count.
fn marker() -> String {
    name_of(&Record::file(""))
}

/// The name of an object from a path within a shard.
fn name_of(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// Whether a name is that of a file within a shard, on any system, and none that belongs to a run.
fn is_plain(name: &str) -> bool {
    !name.contains(['\\', ':']) && name.split('/').all(|part| !part.starts_with('.'))
}

/// The files of a shard with their sizes, in order, without those that belong to a run.
fn files_of(own: &Path) -> Result<Vec<(String, u64)>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(own).min_depth(1).sort_by_file_name() {
        let fault = |e: walkdir::Error| {
            let path = e.path().map_or_else(|| own.to_owned(), PathBuf::from);
            Error::Io { path, source: e.into() }
        };
        let entry = entry.map_err(fault)?;
        let name = name_of(entry.path().strip_prefix(own).unwrap_or(entry.path()));
        if entry.file_type().is_file() && is_plain(&name) {
            files.push((name, entry.metadata().map_err(fault)?.len()));
        }
    }
    Ok(files)
}

/// What is below a folder, by name.
async fn list(of: &Place) -> Result<Vec<(String, ObjectMeta)>, Fault> {
    let found: Vec<ObjectMeta> = of
        .store
        .list(Some(&of.path))
        .try_collect()
        .await
        .map_err(|error| Fault::of(of.kind, &error))?;
    let named = found.into_iter().filter_map(|meta| {
        let (whole, folder): (&str, &str) = (meta.location.as_ref(), of.path.as_ref());
        let name = whole.strip_prefix(folder)?.strip_prefix('/')?.to_owned();
        Some((name, meta))
    });
    Ok(named.collect())
}

async fn delete(from: &Place, name: &str) -> Result<(), Fault> {
    match from.store.delete(&from.path_of(name)?).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(Fault::Store(told(&error))),
    }
}

async fn put(to: &Place, own: &Path, name: &str) -> Result<(), Fault> {
    let bytes = std::fs::read(own.join(name)).map_err(Fault::Disk)?;
    let put = to.store.put(&to.path_of(name)?, bytes.into()).await;
    put.map(drop).map_err(|error| Fault::of(to.kind, &error))
}

/// What is there, in few characters: another one when any of the objects is replaced.
fn version(there: &mut [(String, ObjectMeta)]) -> String {
    there.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut hasher = blake3::Hasher::new();
    for (name, meta) in there {
        let stamp = stamp(meta);
        hasher.update(name.as_bytes());
        hasher.update(&[0]);
        hasher.update(&stamp.bytes.to_le_bytes());
        hasher.update(&stamp.modified.to_le_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
