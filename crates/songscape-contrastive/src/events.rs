//! The figures of a training as an event file, which TensorBoard draws while it grows.
//!
//! A file is a sequence of records: the length of a message in 8 bytes, their checksum, the message
//! (`Event` in protocol buffers), its checksum. Messages and checksums are those of TensorFlow's
//! `event.proto`, `summary.proto` and `record_writer.h`.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crc::{CRC_32_ISCSI, Crc};
use prost::Message;

use crate::error::Result;
use crate::history::Step;
use crate::validation::Validation;

#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(oneof = "What", tags = "3, 5")]
    what: Option<What>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum What {
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    /// Optional, as a zero would be left out otherwise.
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

/// The name's beginning by which TensorBoard knows such files.
const PREFIX: &str = "events.out.tfevents.";
const CASTAGNOLI: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// An event file that grows.
pub(crate) struct EventFile {
    path: PathBuf,
    file: File,
    /// The time at which a training without pauses would have begun.
    origin: f64,
}

impl EventFile {
    /// Begins a file in a folder with the steps that are done. It takes the place of those of
    /// earlier runs, which may hold steps that are about to be done again; as a file of another name,
    /// later in their order, since a reader that has an old one open would not see a change of it.
    pub(crate) fn begin(folder: &Path, steps: &[Step], validations: &[Validation]) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(|e| io(folder, e))?;
        let old = earlier(folder)?;
        let now =
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64());
        let newest = old.last().map_or(0, |(number, _)| number + 1);
        let number = newest.max(now as u64);
        let path = folder.join(format!("{PREFIX}{number:010}.songscape"));
        let done = steps.last().map_or(0.0, |step| step.seconds);
        let version = What::FileVersion("brain.Event:2".into());
        let mut content = record(&Event { wall_time: now, step: 0, what: Some(version) });
        let origin = now - done;
        let mut validations = validations.iter().peekable();
        for step in steps {
            content.extend(record(&of_step(step, origin)));
            while let Some(found) = validations.next_if(|found| found.step <= step.step) {
                content.extend(record(&of_validation(found, origin + step.seconds)));
            }
        }
        songscape_project::write_atomic(&path, |file| file.write_all(&content))?;
        for (_, old) in old {
            std::fs::remove_file(&old).map_err(|e| io(&old, e))?;
        }
        let file = File::options().append(true).open(&path).map_err(|e| io(&path, e))?;
        Ok(Self { path, file, origin })
    }

    pub(crate) fn push(&mut self, step: &Step) -> Result<()> {
        self.write(&of_step(step, self.origin))
    }

    pub(crate) fn push_validation(&mut self, found: &Validation, seconds: f64) -> Result<()> {
        self.write(&of_validation(found, self.origin + seconds))
    }

    /// One record in one write, so that a reader seldom finds half of one.
    fn write(&mut self, event: &Event) -> Result<()> {
        self.file.write_all(&record(event)).map_err(|e| io(&self.path, e))
    }
}

/// The event files of a folder by their number.
fn earlier(folder: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| io(folder, e))? {
        let path = entry.map_err(|e| io(folder, e))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let number = name.and_then(|n| n.strip_prefix(PREFIX)?.strip_suffix(".songscape"));
        if let Some(number) = number.and_then(|number| number.parse().ok()) {
            found.push((number, path));
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn of_step(step: &Step, origin: f64) -> Event {
    let values = [
        ("training/loss", step.loss),
        ("training/accuracy", step.accuracy),
        ("training/gradient_norm", step.gradient_norm),
        ("training/learning_rate", step.learning_rate),
    ];
    scalars(step.step, origin + step.seconds, &values)
}

fn of_validation(found: &Validation, wall_time: f64) -> Event {
    let values = [
        ("held_out/recall_1", found.recall_1),
        ("held_out/reciprocal_rank", found.reciprocal_rank),
        ("held_out/alignment", found.alignment),
        ("held_out/uniformity", found.uniformity),
        ("held_out/spread", found.spread),
    ];
    scalars(found.step, wall_time, &values)
}

fn scalars(step: usize, wall_time: f64, values: &[(&str, f64)]) -> Event {
    let value = values
        .iter()
        .map(|&(tag, value)| Value { tag: tag.into(), simple_value: Some(value as f32) })
        .collect();
    Event { wall_time, step: step as i64, what: Some(What::Summary(Summary { value })) }
}

/// The bytes of an event in the file.
fn record(event: &Event) -> Vec<u8> {
    let message = event.encode_to_vec();
    let length = (message.len() as u64).to_le_bytes();
    let mut bytes = Vec::with_capacity(message.len() + 16);
    bytes.extend(length);
    bytes.extend(masked(&length).to_le_bytes());
    bytes.extend(&message);
    bytes.extend(masked(&message).to_le_bytes());
    bytes
}

/// The checksum, turned and shifted as the format demands.
fn masked(bytes: &[u8]) -> u32 {
    CASTAGNOLI.checksum(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

fn io(path: &Path, source: std::io::Error) -> crate::error::Error {
    songscape_project::Error::Io { path: path.into(), source }.into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn step(step: usize) -> Step {
        let seconds = step as f64 * 2.0;
        Step { step, loss: 0.0, accuracy: 0.5, gradient_norm: 3.0, learning_rate: 1e-3, seconds }
    }

    fn read(folder: &Path) -> Vec<Event> {
        let files = earlier(folder).unwrap();
        assert_eq!(files.len(), 1, "{files:?}");
        let bytes = std::fs::read(&files[0].1).unwrap();
        let mut rest = bytes.as_slice();
        let mut events = vec![];
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            for (part, sum) in [(&rest[..8], 8), (&rest[12..12 + length], 12 + length)] {
                assert_eq!(rest[sum..sum + 4], masked(part).to_le_bytes());
            }
            events.push(Event::decode(&rest[12..12 + length]).unwrap());
            rest = &rest[16 + length..];
        }
        events
    }

    #[test]
    fn the_checksum_is_that_of_the_format() {
        // CRC-32C of RFC 3720, B.4, and the mask of `crc32c.h`: turned right by 15, plus a constant.
        assert_eq!(CASTAGNOLI.checksum(&[0; 32]), 0x8a91_36aa);
        assert_eq!(masked(&[0; 32]), 0x6d55_1522_u32.wrapping_add(0xa282_ead8));
    }

    #[test]
    fn a_file_of_a_later_run_takes_the_place_of_the_earlier_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = EventFile::begin(folder.path(), &[], &[]).unwrap();
        for i in 1..=7 {
            file.push(&step(i)).unwrap();
        }
        let first = earlier(folder.path()).unwrap();
        // The checkpoint was that of step 5.
        let found = Validation {
            step: 4,
            recall_1: 0.25,
            reciprocal_rank: 0.5,
            alignment: 1.0,
            uniformity: -2.0,
            spread: 0.75,
        };
        let done: Vec<Step> = (1..=5).map(step).collect();
        let mut file = EventFile::begin(folder.path(), &done, &[found]).unwrap();
        file.push(&step(6)).unwrap();
        file.push_validation(&Validation { step: 6, ..found }, 12.0).unwrap();
        assert!(earlier(folder.path()).unwrap() > first);

        let events = read(folder.path());
        assert_eq!(events[0].what, Some(What::FileVersion("brain.Event:2".into())));
        let steps: Vec<i64> = events.iter().map(|event| event.step).collect();
        assert_eq!(steps, [0, 1, 2, 3, 4, 4, 5, 6, 6]);
        let value = |event: &Event, tag: &str| match &event.what {
            Some(What::Summary(summary)) => {
                summary.value.iter().find(|value| value.tag == tag).and_then(|v| v.simple_value)
            }
            _ => None,
        };
        assert_eq!(value(&events[1], "training/loss"), Some(0.0));
        assert_eq!(value(&events[1], "training/gradient_norm"), Some(3.0));
        assert_eq!(value(&events[5], "held_out/spread"), Some(0.75));
        assert_eq!(events[7].wall_time - events[1].wall_time, 10.0);
    }
}
