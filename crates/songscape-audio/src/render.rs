//! One song's way from its file to its image.

use std::path::{Path, PathBuf};

use songscape_ssq::{LogSpectrogram, LogSpectrogramStream};

use crate::clean::{HighPass, peak};
use crate::decode::AudioReader;
use crate::error::{Error, Problem, Result};
use crate::grey::Grey;
use crate::image::{self, ImageInfo};
use crate::levels::Levels;
use crate::limits::Limits;
use crate::params::ImageParams;
use crate::resample::Resampler;

/// Makes spectrograms of music files: decode, mix, resample, transform, all in blocks.
///
/// The plan is made once; a renderer can be shared by any number of threads.
///
/// ```no_run
/// use songscape_audio::{ImageParams, Limits, Renderer};
///
/// let renderer = Renderer::new(&ImageParams::default(), &Limits::default())?;
/// let mut song = renderer.render("song.ogg")?;
/// println!("{:.1} s, {} columns", song.seconds(), song.columns());
/// song.write_png("song.png", "song")?;
/// # Ok::<(), songscape_audio::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Renderer {
    params: ImageParams,
    limits: Limits,
    plan: LogSpectrogram,
    excerpt: f64,
    folder: PathBuf,
}

impl Renderer {
    /// A renderer for these parameters.
    ///
    /// # Errors
    /// [`Error::Parameter`] and [`Error::Transform`] name a parameter outside its range.
    pub fn new(params: &ImageParams, limits: &Limits) -> Result<Self> {
        params.validate()?;
        limits.validate()?;
        Ok(Self {
            params: params.clone(),
            limits: limits.clone(),
            plan: LogSpectrogram::new(&params.transform())?,
            excerpt: f64::INFINITY,
            folder: std::env::temp_dir(),
        })
    }

    /// Renders only the first `seconds` of each file.
    #[must_use]
    pub fn excerpt(mut self, seconds: f64) -> Self {
        self.excerpt = seconds;
        self
    }

    /// Keeps the levels of very long songs (more than ten minutes) in a nameless file in this
    /// folder while they are worked on; the system's folder for temporary files by default.
    #[must_use]
    pub fn scratch(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = folder.as_ref().into();
        self
    }

    /// The parameters.
    pub fn params(&self) -> &ImageParams {
        &self.params
    }

    /// Frequencies of the rows in Hz, row 0 first, descending.
    pub fn frequencies(&self) -> &[f64] {
        self.plan.frequencies()
    }

    /// Makes the spectrogram of a music file.
    ///
    /// # Errors
    /// [`Error::Audio`] when the file cannot be used, [`Error::Io`] when the scratch file of a long
    /// song cannot be written.
    pub fn render(&self, path: impl AsRef<Path>) -> Result<Spectrogram> {
        let never = &|| false;
        self.render_unless(path.as_ref(), never)?.ok_or(Error::Interrupted { done: 0, total: 1 })
    }

    /// As [`render`](Self::render), but gives up with `None` soon after `stop` says so.
    pub(crate) fn render_unless(
        &self,
        path: &Path,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Spectrogram>> {
        let mut reader = AudioReader::open(path, &self.limits)?;
        let problem = |problem| Error::Audio { path: path.into(), problem };
        let mut resampler =
            Resampler::new(reader.rate(), self.params.sampling_rate).map_err(problem)?;
        let mut transform = Transform {
            stream: self.plan.stream(),
            levels: Levels::new(self.plan.rows()),
            folder: &self.folder,
            spill: Ok(()),
        };

        let mut high_pass = (self.params.high_pass > 0.0)
            .then(|| HighPass::new(self.params.high_pass, reader.rate()));
        let (mut hash, mut loudest) = (AudioHash::default(), 0.0_f32);
        let longest = self.excerpt * f64::from(reader.rate());
        let mut block = Vec::new();
        while reader.read(&mut block)? {
            if stop() {
                return Ok(None);
            }
            let before = reader.frames() - block.len() as u64;
            let wanted = (longest - before as f64).clamp(0.0, block.len() as f64) as usize;
            let samples = &mut block[..wanted];
            hash.update(samples);
            if let Some(high_pass) = &mut high_pass {
                high_pass.filter(samples);
            }
            loudest = loudest.max(peak(samples));
            resampler.push(samples, &mut |samples| transform.push(samples)).map_err(problem)?;
            transform.spilled()?;
            if wanted < block.len() || reader.frames() as f64 >= longest {
                break;
            }
        }
        resampler.finish(&mut |samples| transform.push(samples)).map_err(problem)?;
        let mut levels = transform.finish().map_err(problem)?;

        let song = levels.histogram().percentile(self.params.reference_percentile);
        let reference_db = self.params.reference_db.unwrap_or(song);
        let grey = Grey { reference_db, range_db: self.params.range_db };
        let seconds = reader.seconds().min(self.excerpt);
        let mut sound = seconds;
        if self.params.trim {
            let table = grey.table();
            levels.trim(|level| table.value(level) == 0);
            sound = sound.min(levels.kept().len() as f64 / self.params.columns_per_second);
        }
        let peak_db = 20.0 * f64::from(loudest).log10();
        self.limits.check_whole(seconds, sound, peak_db).map_err(problem)?;
        Ok(Some(Spectrogram {
            grey,
            levels,
            seconds,
            rate: reader.rate(),
            channels: reader.channels(),
            peak_db,
            skipped: reader.skipped_packets(),
            notes: reader.notes().to_vec(),
            audio: hash.finish(reader.rate()),
            params: self.params.clone(),
        }))
    }
}

/// A hash of the decoded audio: the mono mix, in steps of 16 bits, and its rate.
#[derive(Default)]
struct AudioHash {
    hasher: blake3::Hasher,
    bytes: Vec<u8>,
}

impl AudioHash {
    fn update(&mut self, samples: &[f32]) {
        self.bytes.clear();
        // Steps of 16 bits: exact for most files, and -0 is 0.
        let steps = samples.iter().flat_map(|sample| ((sample * 32768.0) as i16).to_le_bytes());
        self.bytes.extend(steps);
        self.hasher.update(&self.bytes);
    }

    fn finish(mut self, rate: u32) -> String {
        self.hasher.update(&rate.to_le_bytes());
        self.hasher.finalize().to_hex()[..32].to_owned()
    }
}

/// The transform of one song, and its levels so far.
struct Transform<'a> {
    stream: LogSpectrogramStream,
    levels: Levels,
    folder: &'a Path,
    spill: std::io::Result<()>,
}

impl Transform<'_> {
    fn push(&mut self, samples: &[f32]) -> Result<(), Problem> {
        let levels = &mut self.levels;
        self.stream.push(samples, &mut |column| levels.push(column)).map_err(Problem::Transform)?;
        if self.spill.is_ok() {
            self.spill = self.levels.spill(self.folder);
        }
        Ok(())
    }

    fn spilled(&mut self) -> Result<()> {
        std::mem::replace(&mut self.spill, Ok(())).map_err(Error::io(self.folder))
    }

    fn finish(mut self) -> Result<Levels, Problem> {
        let levels = &mut self.levels;
        self.stream.finish(&mut |column| levels.push(column)).map_err(Problem::Transform)?;
        Ok(self.levels)
    }
}

/// The spectrogram of one song, before it is an image.
#[derive(Debug)]
pub struct Spectrogram {
    levels: Levels,
    grey: Grey,
    seconds: f64,
    rate: u32,
    channels: usize,
    peak_db: f64,
    skipped: u64,
    notes: Vec<String>,
    audio: String,
    params: ImageParams,
}

impl Spectrogram {
    /// Columns of the image.
    pub fn columns(&self) -> u64 {
        self.levels.kept().len() as u64
    }

    /// Columns that were cut off at the start, where they were black.
    pub fn start(&self) -> u64 {
        self.levels.kept().start as u64
    }

    /// A hash of the decoded audio, the same for the same sound under another name, with other tags
    /// or in another lossless format.
    pub fn audio_hash(&self) -> &str {
        &self.audio
    }

    /// Length of the audio in seconds.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// The file's own sample rate in Hz.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// The file's number of channels.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The largest magnitude of the mono mix, without offset and rumble, in dB relative to full
    /// scale.
    pub fn peak_db(&self) -> f64 {
        self.peak_db
    }

    /// Packets of the file that could not be decoded and were left out.
    pub fn skipped_packets(&self) -> u64 {
        self.skipped
    }

    /// What is odd about the file and no reason to refuse it.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The grey scale.
    pub fn grey(&self) -> Grey {
        self.grey
    }

    /// Writes the image as PNG, atomically. `id` names the song in the image's text.
    ///
    /// # Errors
    /// [`Error::Project`] when the file cannot be written, [`Error::Image`] when there are more
    /// columns than a PNG can have.
    pub fn write_png(&mut self, path: impl AsRef<Path>, id: &str) -> Result<()> {
        let info = ImageInfo {
            id: id.into(),
            seconds: self.seconds,
            start: self.start() as f64 / self.params.columns_per_second,
            grey: self.grey,
            params: self.params.clone(),
        };
        image::write(path.as_ref(), &info, &mut self.levels)
    }

    /// The image in memory, time-major: column `c` at `[c * rows .. (c + 1) * rows]`, row 0 first.
    ///
    /// # Errors
    /// [`Error::Io`] when the scratch file of a long song cannot be read.
    pub fn pixels(&mut self) -> Result<Vec<u8>> {
        let table = self.grey.table();
        let mut pixels = Vec::with_capacity(self.levels.kept().len() * self.levels.rows());
        self.levels
            .for_each_run(|run| pixels.extend(run.iter().map(|&level| table.value(level))))
            .map_err(Error::io("scratch file"))?;
        Ok(pixels)
    }
}
