//! A library on disk: WAV files and a manifest.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use songscape_project::{Progress, Stage, State, write_atomic};

use crate::error::{Error, Result};
use crate::params::Params;
use crate::song::{SongPlan, catalogue};

/// The version of the stage: raised when the same parameters come to mean other songs.
const VERSION: u32 = 1;
/// The header of a mono 16-bit WAV file in bytes.
const HEADER: u64 = 44;

/// Writes the songs as mono 16-bit WAV files and, at last, a manifest with the columns
/// `path,title,artist,year,style`; gives the manifest's path. Paths are relative to `folder`.
///
/// A second run with the same parameters does nothing. After an interruption, songs that are whole
/// are kept. The bytes depend on the parameters alone, not on the number of threads; `threads` = 0
/// takes one for each core.
///
/// # Errors
/// [`Error::Parameter`] when a parameter is out of range; [`Error::Interrupted`] when `progress`
/// asks to stop; [`Error::Project`] when the folder cannot be written or holds a library with other
/// parameters, with the fields named.
pub fn write_library(
    folder: &Path,
    params: &Params,
    threads: usize,
    progress: &dyn Progress,
) -> Result<PathBuf> {
    let plans = catalogue(params)?;
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
    progress.begin("demo music", plans.len() as u64, "songs");
    let written = pool.install(|| {
        plans.par_iter().try_for_each(|plan| {
            if progress.interrupted() {
                let done = plans.iter().filter(|plan| whole(plan)).count();
                return Err(Error::Interrupted { done, total: plans.len() });
            }
            if !whole(plan) {
                write_song(&stage.path(&plan.info.file), plan)?;
            }
            progress.advance(1);
            Ok(())
        })
    });
    progress.end();
    written?;
    write_manifest(&manifest, &plans)?;
    stage.finish()?;
    Ok(manifest)
}

fn write_song(path: &Path, plan: &SongPlan) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: plan.sample_rate,
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
    let mut csv = csv::Writer::from_writer(Vec::new());
    let mut rows = || {
        csv.write_record(["path", "title", "artist", "year", "style"])?;
        for plan in plans {
            let info = plan.info();
            let year = info.year.to_string();
            csv.write_record([&info.file, &info.title, &info.artist, &year, &info.style])?;
        }
        csv.flush().map_err(csv::Error::from)
    };
    rows().map_err(|source| Error::Csv { path: path.into(), source })?;
    let bytes = csv.into_inner().map_err(|error| Error::Csv {
        path: path.into(),
        source: csv::Error::from(error.into_error()),
    })?;
    write_atomic(path, |file| file.write_all(&bytes))?;
    Ok(())
}
