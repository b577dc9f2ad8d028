//! Small music files, made on the fly.
#![allow(dead_code, clippy::unwrap_used)]

pub mod ogg;

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavSpec, WavWriter};

/// A sine of half full scale.
pub fn tone(frequency: f64, rate: u32, seconds: f64) -> Vec<f32> {
    let frames = (seconds * f64::from(rate)) as usize;
    let step = TAU * frequency / f64::from(rate);
    (0..frames).map(|i| 0.5 * (step * i as f64).sin() as f32).collect()
}

/// Four notes with partials that die away, and a vibrato: something like music.
pub fn melody(rate: u32, seconds: f64) -> Vec<f32> {
    let frames = (seconds * f64::from(rate)) as usize;
    let mut song = vec![0.0; frames];
    for (i, sample) in song.iter_mut().enumerate() {
        let t = i as f64 / f64::from(rate);
        let note = [220.0, 277.18, 329.63, 246.94][(t / 0.5) as usize % 4];
        let since = t % 0.5;
        let vibrato = 0.3 * (TAU * 5.5 * t).sin();
        for partial in 1..=6 {
            let p = f64::from(partial);
            let loudness = 0.3 / p * (-since * (2.0 + p)).exp();
            *sample += (loudness * (TAU * note * p * t + p * vibrato).sin()) as f32;
        }
    }
    song
}

/// Writes interleaved samples as 16-bit WAV.
pub fn wav(path: &Path, rate: u32, channels: u16, samples: &[f32]) -> PathBuf {
    let spec = WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut writer = WavWriter::create(path, spec).unwrap();
    for sample in samples {
        writer.write_sample((sample * 32767.0).round() as i16).unwrap();
    }
    writer.finalize().unwrap();
    path.to_owned()
}

/// Writes interleaved samples as 32-bit float WAV.
pub fn float_wav(path: &Path, rate: u32, channels: u16, samples: &[f32]) -> PathBuf {
    let spec = WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample: 32,
        sample_format: SampleFormat::Float,
    };
    let mut writer = WavWriter::create(path, spec).unwrap();
    samples.iter().for_each(|&sample| writer.write_sample(sample).unwrap());
    writer.finalize().unwrap();
    path.to_owned()
}

/// 16-bit mono FLAC without compression, with tags; `declared` is the length in its header.
pub fn flac(rate: u32, samples: &[f32], declared: u64, tags: &[&str]) -> Vec<u8> {
    const BLOCK: usize = 4096;
    let mut bytes = b"fLaC".to_vec();
    let mut info = Vec::new();
    info.extend((BLOCK as u16).to_be_bytes());
    info.extend((BLOCK as u16).to_be_bytes());
    info.extend([0; 6]); // frame sizes unknown
    // 20 bits rate, 3 bits channels - 1, 5 bits bits - 1, 36 bits samples
    let packed = u64::from(rate) << 44 | 15 << 36 | declared;
    info.extend(packed.to_be_bytes());
    info.extend([0; 16]); // no MD5
    bytes.extend([0, 0, 0, info.len() as u8]);
    bytes.extend(info);

    let mut comments = vec![0; 4];
    comments.extend((tags.len() as u32).to_le_bytes());
    for tag in tags {
        comments.extend((tag.len() as u32).to_le_bytes());
        comments.extend(tag.as_bytes());
    }
    bytes.push(0x84); // the last block of metadata
    bytes.extend(&(comments.len() as u32).to_be_bytes()[1..]);
    bytes.extend(comments);

    for (number, block) in samples.chunks(BLOCK).enumerate() {
        let mut frame = vec![0xFF, 0xF8, 0x70, 0x08]; // 16-bit length, rate of STREAMINFO, mono
        frame.extend(char::from_u32(number as u32).unwrap().to_string().as_bytes());
        frame.extend((block.len() as u16 - 1).to_be_bytes());
        frame.push(crc(&frame, 8, 0x07) as u8);
        frame.push(0x02); // verbatim
        for sample in block {
            frame.extend(((sample * 32767.0).round() as i16).to_be_bytes());
        }
        frame.extend(crc(&frame, 16, 0x8005).to_be_bytes());
        bytes.extend(frame);
    }
    bytes
}

fn crc(bytes: &[u8], width: u32, polynomial: u16) -> u16 {
    let top = 1_u32 << (width - 1);
    let mask = (1_u32 << width) - 1;
    let mut crc = 0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte) << (width - 8);
        for _ in 0..8 {
            let carry = crc & top != 0;
            crc = (crc << 1) & mask ^ if carry { u32::from(polynomial) } else { 0 };
        }
    }
    crc as u16
}

/// 16-bit AIFF.
pub fn aiff(rate: u16, channels: u16, samples: &[f32]) -> Vec<u8> {
    let mut common = channels.to_be_bytes().to_vec();
    common.extend((samples.len() as u32 / u32::from(channels)).to_be_bytes());
    common.extend(16_u16.to_be_bytes());
    // An 80-bit float: the exponent that puts the rate's top bit first, then the rate.
    let shift = rate.leading_zeros();
    common.extend((16383 + 15 - shift as u16).to_be_bytes());
    common.extend((u64::from(rate << shift) << 48).to_be_bytes());
    let mut sound = vec![0; 8];
    for sample in samples {
        sound.extend(((sample * 32767.0).round() as i16).to_be_bytes());
    }
    let mut form = b"AIFF".to_vec();
    for (name, chunk) in [(b"COMM", common), (b"SSND", sound)] {
        form.extend(name);
        form.extend((chunk.len() as u32).to_be_bytes());
        form.extend(chunk);
    }
    let mut bytes = b"FORM".to_vec();
    bytes.extend((form.len() as u32).to_be_bytes());
    bytes.extend(form);
    bytes
}

/// Frames of 44.1 kHz stereo MP3 that hold silence.
pub fn silent_mp3(frames: usize) -> Vec<u8> {
    let mut frame = vec![0xFF, 0xFB, 0x90, 0x00]; // 128 kbit/s
    frame.resize(417, 0);
    frame.repeat(frames)
}

/// The same numbers every time.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| (self.next() >> 32) as u8).collect()
    }
}
