//! A store that many machines make: each a part of the songs, in a folder of its own.

use std::collections::HashMap;
use std::path::Path;

use songscape_project::{
    Failure, Progress, Project, Record, Shard, SongTable, Stage, remove_if_there,
};

use super::cache::{Cache, PLACES, Place, read_places};
use super::index::{self, Row};
use super::make::{VERSION, fingerprint};
use super::{ImageEntry, Made, STAGE, Store, identical};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::params::ImageParams;

impl Store {
    /// Makes the images of one part of a catalog: those of the songs at its places. Everything goes to
    /// [`Shard::folder`] within `folder`, which is a whole store, with its own `failures.csv`; nothing else
    /// is written, so that each part can be made by another machine, interrupted, and made again.
    ///
    /// # Errors
    /// As [`Store::make`]; [`Error::Sharded`] when `folder` holds the images of one run.
    pub fn make_shard(
        shard: Shard,
        catalog: &SongTable,
        folder: impl AsRef<Path>,
        params: &ImageParams,
        limits: &Limits,
        threads: usize,
        progress: &dyn Progress,
    ) -> Result<Made> {
        refuse_whole(folder.as_ref())?;
        let (part, folder) = (part(catalog, shard), shard.folder(folder));
        let made = Self::make(&part, &folder, params, limits, threads, progress)?;
        made.record(&folder)?;
        Ok(made)
    }

    /// Joins the parts that [`make_shard`](Self::make_shard) made of all songs of a catalog to one store: its
    /// `index.csv`, and a `pixels.csv` that says which part has a song's pixels. Images and pixels stay where
    /// they are. What is in the tables, and the [fingerprint](Self::fingerprint), is that of one run over the
    /// catalog: songs that sound the same are looked for over all parts again.
    ///
    /// # Errors
    /// [`Error::Project`] names all parts that are missing, not finished, or made of other songs or with other
    /// parameters, and a part that another process works on; [`Error::Sharded`] when `folder` holds the images of
    /// one run; [`Error::Cache`] when a part is damaged.
    pub fn merge(catalog: &SongTable, folder: impl AsRef<Path>) -> Result<Made> {
        let folder = folder.as_ref();
        refuse_whole(folder)?;
        let shards = Shard::all(folder)?;
        let there = shards.iter().find(|shard| Record::file(shard.folder(folder)).exists());
        let params = match there {
            Some(shard) => Self::new(shard.folder(folder)).parameters()?,
            // All of them are missing, whatever the parameters.
            None => ImageParams::default(),
        };
        let songs = |shard: Shard| vec![("songs", fingerprint(&part(catalog, shard)))];
        Shard::check(&shards, folder, VERSION, &params, songs)?;

        let _lock = Project::open(folder)?;
        let inputs = [("songs", fingerprint(catalog))];
        let stage = Stage::open(folder, VERSION, &params, &inputs)?;
        remove_if_there(folder.join(PLACES))?;
        let (mut rows, mut failures) = (Vec::new(), Vec::new());
        let mut places: HashMap<String, Place> = HashMap::new();
        for &shard in &shards {
            let own = shard.folder(folder);
            let _held = Project::open(&own)?;
            let mut index = index::read(&own)?;
            let songs = catalog.songs[shard.range(catalog.songs.len())].iter();
            rows.extend(songs.filter_map(|song| index.remove(&song.id)));
            let all = Failure::read_all(own.join("failures.csv"))?;
            failures.extend(all.into_iter().filter(|failure| failure.stage == STAGE));
            let own = read_places(&own)?.into_iter();
            places.extend(own.map(|p| (p.id.clone(), Place { shard: Some(shard), ..p })));
        }
        index::write(folder, rows.iter())?;
        let entries = rows.iter().filter_map(Row::entry).collect();
        let identical::Parted { images, duplicates, .. } = identical::leave_one(catalog, entries);
        let place = |image: &ImageEntry| {
            let found = places.remove(&image.id);
            let reason = format!("no pixels of {}", image.id);
            found.ok_or(Error::Cache { path: folder.into(), reason })
        };
        let places = images.iter().map(place).collect::<Result<Vec<Place>>>()?;
        Cache::new(folder, params.rows).write_places(&places)?;
        stage.finish()?;
        let skipped_existing = images.len();
        Ok(Made { images, failures, duplicates, skipped_existing })
    }
}

/// The songs of one part.
fn part(catalog: &SongTable, shard: Shard) -> SongTable {
    let songs = catalog.songs[shard.range(catalog.songs.len())].to_vec();
    let SongTable { folder, columns, used, .. } = catalog;
    let (folder, columns, used) = (folder.clone(), columns.clone(), used.clone());
    SongTable { folder, columns, songs, used }
}

/// Which part has a song, in a store that was made by shards.
pub(super) fn of_songs(folder: &Path) -> HashMap<String, Shard> {
    if !is_sharded(folder) {
        return HashMap::new();
    }
    let places = read_places(folder).unwrap_or_default();
    places.into_iter().filter_map(|place| Some((place.id, place.shard?))).collect()
}

/// Whether a folder is one of shards.
fn is_sharded(folder: &Path) -> bool {
    Shard::WHOLE.folder(folder).parent().is_some_and(Path::is_dir)
}

/// Refuses a folder that shards have made.
pub(super) fn refuse_sharded(folder: &Path) -> Result<()> {
    if !is_sharded(folder) {
        return Ok(());
    }
    let found = "its images are made by shards, which are to be made again and merged";
    Err(Error::Sharded { path: folder.into(), found })
}

/// Refuses a folder that one run has made.
fn refuse_whole(folder: &Path) -> Result<()> {
    if is_sharded(folder) || !Record::file(folder).exists() {
        return Ok(());
    }
    Err(Error::Sharded { path: folder.into(), found: "its images were made by one run" })
}
