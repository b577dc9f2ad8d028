//! A library on disk: WAV files and a manifest.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use songscape_project::{Job, Progress, Stage, State, write_atomic, write_csv};

use crate::error::{Error, Result};
use crate::params::Params;
use crate::song::{SongPlan, catalog};

/// The version of the stage: raised when the same parameters come to mean other songs.
const VERSION: u32 = 1;
/// The header of a mono 16-bit WAV file in bytes.
const HEADER: u64 = 44;

/// Writes the songs as mono 16-bit WAV files and finally a manifest with the columns
/// `path,title,artist,year,style`. Returns the manifest's path. Paths are relative to `folder`.
///
/// A second run with the same parameters does nothing. After an interruption, songs that are whole
/// are kept. The bytes depend only on the parameters, not on the number of threads; `threads` = 0
/// takes one for each core.
///
/// # Errors
/// [`Error::Parameter`] when a parameter is out of range; [`Error::Interrupted`] when `progress`
/// asks to stop; [`Error::Project`] when the folder cannot be written or holds a library with other
/// parameters, with the fields named.
pub fn write_library(
    folder: impl AsRef<Path>,
    params: &Params,
    threads: usize,
    progress: &dyn Progress,
) -> Result<PathBuf> {
    let plans = catalog(params)?;
    let stage = Stage::open(folder, VERSION, params, &[])?;
    let manifest = stage.path("manifest.csv");
    let whole = |plan: &SongPlan| {
        let length = HEADER + 2 * plan.samples() as u64;
        std::fs::metadata(stage.path(&plan.info.file)).is_ok_and(|file| file.len() == length)
    };
    if stage.state() == State::Done && manifest.is_file() && plans.iter().all(whole) {
        return Ok(manifest);
    }

    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|source| Error::Threads { threads, source })?;
    let job = Job::begin(progress, "demo music", plans.len() as u64, "songs");
    let written = pool.install(|| {
        plans.par_iter().try_for_each(|plan| {
            if job.interrupted() {
                let done = plans.iter().filter(|plan| whole(plan)).count();
                return Err(Error::Interrupted { done, total: plans.len() });
            }
            if !whole(plan) {
                write_song(&stage.path(&plan.info.file), plan)?;
            }
            job.advance(1);
            Ok(())
        })
    });
    drop(job);
    written?;
    write_manifest(&manifest, &plans)?;
    stage.finish()?;
    Ok(manifest)
}

fn write_song(path: &Path, plan: &SongPlan) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: plan.sampling_rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let encode = || {
        let samples = plan.render();
        let mut bytes = Cursor::new(Vec::with_capacity(HEADER as usize + 2 * samples.len()));
        let mut wav = hound::WavWriter::new(&mut bytes, spec)?;
        let mut block = wav.get_i16_writer(samples.len() as u32);
        for x in samples {
            block.write_sample((x.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16);
        }
        block.flush()?;
        wav.finalize()?;
        Ok(bytes.into_inner())
    };
    let bytes = encode().map_err(|source| Error::Wav { path: path.into(), source })?;
    write_atomic(path, |file| file.write_all(&bytes))?;
    Ok(())
}

fn write_manifest(path: &Path, plans: &[SongPlan]) -> Result<()> {
    let rows = plans.iter().map(|plan| {
        let info = plan.info();
        (&info.file, &info.title, &info.artist, info.year, &info.style)
    });
    Ok(write_csv(path, &["path", "title", "artist", "year", "style"], rows)?)
}
