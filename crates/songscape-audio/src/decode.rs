//! Decoding as a stream of mono blocks.

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};

use songscape_project::counted;
use symphonia::core::errors::Error as Symphonia;
use symphonia::core::packet::Packet;

use crate::aac::HiddenSbr;
use crate::container::{Format, Pages};
use crate::error::{Error, Problem, Result, said};
use crate::limits::Limits;
use crate::open::Source;
use crate::resample::Resampler;
use crate::track::Track;

/// The largest magnitude of a sample that is taken for audio; full scale is 1.
const LARGEST: f32 = 1e4;
/// Notes on one file.
const MOST_NOTES: usize = 8;
/// Samples behind the declared end that are an encoder's padding.
const BEYOND: u64 = 10_000;
/// Seconds of sound that may be missing without a note: encoders round lengths to their blocks.
const ROUNDING: f64 = 0.05;

/// A music file read block by block as mono samples.
///
/// The mono mix is the mean of all channels, full scale being ±1. Encoder delay and padding are
/// left out where the file tells them. At no time is more than one packet in memory. Where the
/// rate changes within a file, what follows is resampled to the first rate.
///
/// What counts as whole: a file that ends or breaks off before the length that it declares (by more
/// than 0.1 s and 0.5 %) is refused as cut short, with the seconds that could be decoded. Where no
/// length is declared, what is there is taken, with a [note](Self::notes). Single packets that
/// cannot be decoded are left out and counted; more than [`Limits::max_damage`] of them make the
/// file damaged, but for those behind the last one that can be decoded: these are no audio.
pub struct AudioReader {
    path: PathBuf,
    limits: Limits,
    source: Source,
    track: Track,
    rate: u32,
    channels: usize,
    /// From a rate that the file has changed to.
    resampler: Option<Resampler>,
    /// Packets that wait to be decoded.
    waiting: VecDeque<Packet>,
    sbr: Option<HiddenSbr>,
    planes: Vec<Vec<f32>>,
    mixed: Vec<f32>,
    /// The last samples, as many as may be padding.
    held: Vec<f32>,
    frames: u64,
    packets: u64,
    skipped: u64,
    /// Packets since the last one that could be decoded.
    trailing: u64,
    /// Whether the file's end is known to be there, so that what is missing is missing within.
    has_end: bool,
    /// Gaps between pages of Ogg.
    gaps: u64,
    damage: String,
    /// Samples in packets that lie wholly behind the declared end.
    beyond: u64,
    notes: Vec<String>,
    /// Whether there are no more packets.
    over: bool,
    ended: bool,
}

/// Appends what a resampler hands on.
fn append(mono: &mut Vec<f32>) -> impl FnMut(&[f32]) -> Result<(), Problem> {
    |samples| {
        mono.extend_from_slice(samples);
        Ok(())
    }
}

impl std::fmt::Debug for AudioReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { path, rate, channels, frames, .. } = self;
        f.debug_struct("AudioReader")
            .field("path", path)
            .field("rate", rate)
            .field("channels", channels)
            .field("frames", frames)
            .finish_non_exhaustive()
    }
}

impl AudioReader {
    /// Opens a file and finds its audio.
    ///
    /// # Errors
    /// [`Error::Audio`] when the file is missing, is no audio, is of a format that is not decoded,
    /// or declares something outside the limits.
    pub fn open(path: impl AsRef<Path>, limits: &Limits) -> Result<Self> {
        let path = path.as_ref();
        Problem::catch(|| Self::try_open(path, limits)).map_err(Error::audio(path))
    }

    fn try_open(path: &Path, limits: &Limits) -> Result<Self, Problem> {
        let source = Source::open_whole(path, limits)?;
        let track = Track::open(&source, path, limits)?;
        let mut notes = Vec::new();
        if source.endless {
            notes.push("declares no length; all that is there is used".to_owned());
        }
        let (mut has_end, mut gaps) = (false, 0);
        if source.kind == Format::Ogg {
            let pages = Pages::of(path).map_err(Problem::Unreadable)?;
            gaps = pages.gaps;
            let all = pages.whole + gaps;
            if limits.too_damaged(gaps, all) {
                let reason = "pages of Ogg".into();
                return Err(Problem::Damaged { skipped: gaps, packets: all, reason });
            }
            if gaps > 0 {
                let pages = counted(all, "page");
                notes.push(format!("damaged and left out: {gaps} of {pages}"));
            }
            if !pages.has_end {
                let note = "its last page is damaged or missing; all that is there is used";
                notes.push(note.to_owned());
            }
            has_end = pages.has_end;
        }
        Ok(Self {
            path: path.into(),
            limits: limits.clone(),
            rate: track.rate,
            channels: track.channels,
            sbr: track.may_hide_sbr.then(HiddenSbr::default),
            source,
            track,
            resampler: None,
            waiting: VecDeque::new(),
            planes: Vec::new(),
            mixed: Vec::new(),
            held: Vec::new(),
            frames: 0,
            packets: 0,
            skipped: 0,
            trailing: 0,
            has_end,
            gaps,
            damage: String::new(),
            beyond: 0,
            notes,
            over: false,
            ended: false,
        })
    }

    /// The file's sample rate in Hz.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// The file's number of channels; 0 as long as a format that does not declare them has not
    /// been decoded.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Samples per channel read so far.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Seconds read so far.
    pub fn seconds(&self) -> f64 {
        self.frames as f64 / f64::from(self.rate)
    }

    /// Packets that could not be decoded and were left out so far.
    pub fn skipped_packets(&self) -> u64 {
        self.skipped
    }

    /// What is odd about the file and no reason to refuse it, as far as it was read.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Replaces `mono` by the next block of samples. Returns false, and an empty block, at the end
    /// and after an error.
    ///
    /// # Errors
    /// [`Error::Audio`] says what is wrong with the file and where.
    pub fn read(&mut self, mono: &mut Vec<f32>) -> Result<bool> {
        mono.clear();
        if self.ended {
            return Ok(false);
        }
        let read = Problem::catch(|| self.try_read(mono));
        self.ended = !matches!(read, Ok(true));
        if self.ended && read.is_err() {
            mono.clear();
        }
        read.map_err(Error::audio(&self.path))
    }

    fn try_read(&mut self, mono: &mut Vec<f32>) -> Result<bool, Problem> {
        while !self.over {
            while let Some(packet) = self.waiting.pop_front() {
                if self.decode(&packet)? && self.mix(mono)? {
                    return Ok(true);
                }
            }
            match self.source.format.next_packet() {
                Ok(Some(packet)) if packet.track_id == self.track.id => {
                    self.packets += 1;
                    if let Some(sbr) = &mut self.sbr
                        && sbr.found(&packet.data)
                    {
                        let name = "HE-AAC (SBR in the packets, which no header announces)";
                        return Err(Problem::NotDecoded(name.into()));
                    }
                    let (ready, strange) = self.track.accept(packet);
                    self.waiting.extend(ready);
                    self.skip(strange);
                }
                Ok(Some(_)) => {}
                Ok(None) => {
                    let strange = self.track.left();
                    self.skip(strange);
                    self.finish_resampler(mono)?;
                    self.check_end()?;
                    if !self.next_part()? {
                        self.over = true;
                        return Ok(!mono.is_empty());
                    }
                }
                Err(Symphonia::ResetRequired) => {
                    let track = Track::open(&self.source, &self.path, &self.limits)?;
                    self.follow(track);
                }
                Err(e) => {
                    self.finish_resampler(mono)?;
                    self.check_break(e)?;
                    self.over = true;
                    return Ok(!mono.is_empty());
                }
            }
        }
        Ok(false)
    }

    /// Decodes one packet into the planes. Returns whether it could be decoded.
    fn decode(&mut self, packet: &Packet) -> Result<bool, Problem> {
        let (decoded, before) = (self.seconds(), self.track.rate);
        if packet.dur.get() == 0 {
            self.beyond += packet.trim_end.get();
        }
        match self.track.decoder(packet).decode(packet) {
            Ok(buffer) => {
                let (rate, channels) = (buffer.spec().rate(), buffer.spec().channels().count());
                if rate != before || channels != self.channels {
                    self.limits.check_format(rate, channels)?;
                    self.channels = self.channels.max(channels);
                }
                buffer.copy_to_vecs_planar(&mut self.planes);
                self.track.rate = rate;
                self.trailing = 0;
                Ok(true)
            }
            Err(e @ (Symphonia::DecodeError(_) | Symphonia::IoError(_))) => {
                self.skip(1);
                self.damage = said(&e);
                Ok(false)
            }
            Err(e) => Err(Problem::Broken { decoded, reason: said(&e) }),
        }
    }

    /// Counts packets that are left out.
    fn skip(&mut self, packets: u64) {
        self.skipped += packets;
        self.trailing += packets;
    }

    /// Mixes the planes into one. Returns whether there is anything in it.
    fn mix(&mut self, mono: &mut Vec<f32>) -> Result<bool, Problem> {
        let Some((first, others)) = self.planes.split_first() else { return Ok(false) };
        self.mixed.clear();
        self.mixed.extend_from_slice(first);
        for plane in others {
            for (sum, sample) in self.mixed.iter_mut().zip(plane) {
                *sum += sample;
            }
        }
        if !others.is_empty() {
            let share = 1.0 / self.planes.len() as f32;
            self.mixed.iter_mut().for_each(|sample| *sample *= share);
        }
        if let Some(edit) = &mut self.track.edit {
            edit.cut(&mut self.mixed);
        }
        if self.track.padding > 0 {
            self.held.append(&mut self.mixed);
            let ready = self.held.len().saturating_sub(self.track.padding);
            self.mixed.extend(self.held.drain(..ready));
        }
        let strange =
            |strange: bool, sample: &f32| strange | sample.is_nan() | (sample.abs() > LARGEST);
        if self.mixed.iter().fold(false, strange) {
            return Err(Problem::NotFinite { seconds: self.seconds(), bound: LARGEST });
        }
        let before = mono.len();
        self.keep_first_rate(mono)?;
        self.frames += (mono.len() - before) as u64;
        self.limits.check_length("the audio is longer than", self.seconds())?;
        Ok(!mono.is_empty())
    }

    /// Appends the mixed samples to a block at the file's first rate.
    fn keep_first_rate(&mut self, mono: &mut Vec<f32>) -> Result<(), Problem> {
        let from = self.resampler.as_ref().map_or(self.rate, Resampler::from);
        if from != self.track.rate {
            if let Some(resampler) = self.resampler.take() {
                resampler.finish(&mut append(mono))?;
            }
            let note = format!(
                "the rate changes from {from} Hz to {} Hz at {:.2} s",
                self.track.rate,
                self.seconds()
            );
            self.note(note);
            if self.track.rate != self.rate {
                self.resampler = Some(Resampler::new(self.track.rate, self.rate)?);
            }
        }
        match &mut self.resampler {
            Some(resampler) => resampler.push(&self.mixed, &mut append(mono)),
            None => {
                mono.append(&mut self.mixed);
                Ok(())
            }
        }
    }

    /// Appends the last samples, which the resampler may still hold.
    fn finish_resampler(&mut self, mono: &mut Vec<f32>) -> Result<(), Problem> {
        if let Some(resampler) = self.resampler.take() {
            let before = mono.len();
            resampler.finish(&mut append(mono))?;
            self.frames += (mono.len() - before) as u64;
        }
        Ok(())
    }

    /// Whether the frames are as many as declared. Encoders round the length to their blocks, so
    /// that half a percent and a tenth of a second may be missing.
    fn is_complete(&self) -> bool {
        let tolerance = u64::from(self.rate / 10);
        self.track.ends_at.is_none_or(|end| self.frames + end / 200 + tolerance >= end)
    }

    /// The end of the packets: was it the end of the song?
    fn check_end(&mut self) -> Result<(), Problem> {
        // What is behind the audio is no damage of it, unless there is more of it than of audio.
        let behind =
            if self.is_complete() && self.trailing * 2 <= self.packets { self.trailing } else { 0 };
        let (skipped, packets) = (self.skipped - behind, self.packets - behind);
        if self.limits.too_damaged(skipped, packets) {
            return Err(Problem::Damaged { skipped, packets, reason: self.damage.clone() });
        }
        self.skipped = skipped;
        self.packets = packets;
        self.trailing = 0;
        if behind > 0 {
            self.note(format!("behind the audio: {} without sound", counted(behind, "packet")));
        }
        // What is skipped shortens the audio as well; it has been judged already.
        if skipped == 0 && self.gaps == 0 && !self.is_complete() {
            return Err(self.truncated());
        }
        let missing = self.track.ends_at.map_or(0, |end| end.saturating_sub(self.frames));
        let missing = missing as f64 / f64::from(self.rate);
        if missing > ROUNDING {
            self.note(format!("{missing:.2} s of sound are missing by {:.2} s", self.seconds()));
        }
        if self.beyond > BEYOND {
            let behind = self.beyond as f64 / f64::from(self.rate);
            self.note(format!("{behind:.2} s behind the declared end are left out"));
        }
        self.beyond = 0;
        Ok(())
    }

    /// A break within the packets: is the song over, or as good as over?
    fn check_break(&mut self, e: Symphonia) -> Result<(), Problem> {
        let at_end = match &e {
            Symphonia::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => true,
            Symphonia::IoError(_) => false,
            _ => true,
        };
        if at_end && self.frames > 0 && self.is_complete() {
            if self.track.ends_at.is_none() && !self.source.endless {
                let note = format!(
                    "breaks off after {:.2} s; no length is declared, all that is there is used",
                    self.seconds()
                );
                self.notes.push(note);
            }
            return self.check_end();
        }
        match e {
            Symphonia::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
                Err(self.truncated())
            }
            Symphonia::IoError(e) => Err(Problem::Unreadable(e)),
            e => Err(Problem::Broken { decoded: self.seconds(), reason: said(&e) }),
        }
    }

    fn truncated(&self) -> Problem {
        let decoded = self.seconds();
        let expected = self.track.ends_at.map(|frames| frames as f64 / f64::from(self.rate));
        match expected {
            Some(expected) if self.has_end => Problem::Gaps { decoded, expected },
            expected => Problem::Truncated { decoded, expected },
        }
    }

    /// Adds a note, unless there are many: a broadcast may change with each of its many parts.
    fn note(&mut self, note: String) {
        if self.notes.len() < MOST_NOTES {
            self.notes.push(note);
        }
    }

    /// Goes on with the next of several files in one. Returns whether there was one.
    fn next_part(&mut self) -> Result<bool, Problem> {
        let mut rest = VecDeque::from(std::mem::take(&mut self.source.rest));
        while let Some(part) = rest.pop_front() {
            let seconds = self.seconds();
            let file = File::open(&self.path).map_err(Problem::Unreadable)?;
            let opened = part
                .open(file, &self.limits, true)
                .and_then(|source| Ok((Track::open(&source, &self.path, &self.limits)?, source)));
            match opened {
                Ok((track, source)) => {
                    self.source = source;
                    self.source.rest.extend(rest);
                    self.follow(track);
                    self.note(format!("several files in one: another begins at {seconds:.2} s"));
                    return Ok(true);
                }
                Err(problem) => {
                    self.note(format!("what follows after {seconds:.2} s is left out: {problem}"));
                }
            }
        }
        Ok(false)
    }

    /// Goes on with another track, such as the next of a recorded broadcast.
    fn follow(&mut self, mut track: Track) {
        let scale = f64::from(self.rate) / f64::from(track.rate);
        track.ends_at = track.ends_at.map(|end| self.frames + (end as f64 * scale) as u64);
        self.track = track;
    }
}
