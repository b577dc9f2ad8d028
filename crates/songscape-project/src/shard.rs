//! One part of a job that many machines do, each for itself.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::stage::{Record, differences};

/// Part `index` of `count` equal ones of a list, counted from 0.
///
/// Each part has a folder of its own, `shards/3-of-7`, so that nothing is written by two machines.
///
/// ```
/// use songscape_project::Shard;
///
/// let shard: Shard = "3/7".parse()?;
/// assert_eq!(shard.range(100), 42..57);
/// assert_eq!(shard.folder("images"), std::path::Path::new("images/shards/3-of-7"));
/// # Ok::<(), songscape_project::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Shard {
    // In this order, so that they sort by their place.
    index: u32,
    count: u32,
}

/// Where engines that start a job many times say which one this is: Slurm's arrays, Kubernetes' indexed jobs.
const VARIABLES: [&str; 2] = ["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"];

/// The folder of the parts' folders.
const FOLDER: &str = "shards";

/// Between index and count in the name of a part's folder.
const OF: &str = "-of-";

impl Shard {
    /// All of it.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// A part.
    ///
    /// # Errors
    /// [`Error::Shard`] unless `index < count`.
    pub fn new(index: u32, count: u32) -> Result<Self> {
        if index < count {
            return Ok(Self { index, count });
        }
        let expected = "one of the parts, counted from 0";
        Err(Error::Shard { found: format!("{index}/{count}"), expected: expected.into() })
    }

    /// The number of this part, from 0.
    pub fn index(self) -> u32 {
        self.index
    }

    /// The number of parts.
    pub fn count(self) -> u32 {
        self.count
    }

    /// The places of this part in a list of so many. Parts differ in length by at most one, and follow each
    /// other without a gap.
    pub fn range(self, length: usize) -> Range<usize> {
        let at = |index: u32| {
            let place = length as u128 * u128::from(index) / u128::from(self.count);
            usize::try_from(place).unwrap_or(length)
        };
        at(self.index)..at(self.index + 1)
    }

    /// The folder of this part within that of the whole.
    pub fn folder(self, whole: impl AsRef<Path>) -> PathBuf {
        whole.as_ref().join(FOLDER).join(String::from(self))
    }

    /// All parts of which some have a folder within that of the whole, in order.
    ///
    /// # Errors
    /// [`Error::Shards`] when there is none, or when there are parts of several counts;
    /// [`Error::Io`] when the folder cannot be read.
    pub fn all(whole: impl AsRef<Path>) -> Result<Vec<Self>> {
        let path = whole.as_ref().join(FOLDER);
        let wrong = |reason: String| Err(Error::Shards { path: path.clone(), reason });
        let entries = match std::fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return wrong("there are no shards".into());
            }
            Err(source) => return Err(Error::Io { path, source }),
        };
        let mut counts = BTreeSet::new();
        for entry in entries {
            let name = entry.map_err(Error::io(&path))?.file_name();
            counts.extend(name.to_str().and_then(of_name).map(Self::count));
        }
        match Vec::from_iter(counts)[..] {
            [] => wrong("there are no shards".into()),
            [count] => Ok((0..count).map(|index| Self { index, count }).collect()),
            [ref some @ .., last] => {
                let some: Vec<String> = some.iter().map(ToString::to_string).collect();
                let some = some.join(", ");
                wrong(format!(
                    "shards of {some} and of {last} parts; remove those that do not count"
                ))
            }
        }
    }

    /// Asks that the stages in the folders of these parts are whole, of this version, with these parameters
    /// and their inputs.
    ///
    /// # Errors
    /// [`Error::Shards`] names all that are missing, unfinished or made otherwise; [`Error::Io`] and
    /// [`Error::Json`] when a record cannot be read.
    pub fn check<P: Serialize + DeserializeOwned>(
        shards: &[Self],
        whole: impl AsRef<Path>,
        version: u32,
        parameters: &P,
        inputs: impl Fn(Self) -> Vec<(&'static str, String)>,
    ) -> Result<()> {
        let whole = whole.as_ref();
        let (mut missing, mut unfinished, mut other) = (vec![], vec![], vec![]);
        for &shard in shards {
            let folder = shard.folder(whole);
            if !Record::file(&folder).exists() {
                missing.push(shard);
                continue;
            }
            let record = Record::read(&folder)?;
            let mut found = record.differences(parameters);
            let stated = inputs(shard).into_iter().map(|(name, print)| (name.to_owned(), print));
            found.extend(differences(
                &serde_json::json!({ "version": record.version, "inputs": record.inputs }),
                &serde_json::json!({
                    "version": version,
                    "inputs": stated.collect::<std::collections::BTreeMap<_, _>>(),
                }),
            ));
            if let Some(difference) = found.into_iter().next() {
                other.push(format!("{shard} is made otherwise: {difference}"));
            } else if !record.finished {
                unfinished.push(shard);
            }
        }
        let some = |shards: Vec<Self>, what: &str| {
            let names: Vec<String> = shards.iter().map(ToString::to_string).collect();
            (!names.is_empty()).then(|| format!("{what}: {}", names.join(", ")))
        };
        let reasons = [some(missing, "missing"), some(unfinished, "not finished")];
        let reasons: Vec<String> = reasons.into_iter().flatten().chain(other).collect();
        if reasons.is_empty() {
            return Ok(());
        }
        Err(Error::Shards { path: whole.join(FOLDER), reason: reasons.join("; ") })
    }

    fn parse(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let wrong = |expected: String| Error::Shard { found: text.into(), expected };
        let number = |text: &str| text.trim().parse::<u32>().ok();
        if let Some((index, count)) = text.split_once('/') {
            let form = || wrong("I/N, such as 3/7".into());
            let (index, count) = (number(index).ok_or_else(form)?, number(count).ok_or_else(form)?);
            return Self::new(index, count);
        }
        let count = number(text).ok_or_else(|| wrong("I/N, such as 3/7, or N".into()))?;
        let Some((name, value)) = VARIABLES.iter().find_map(|name| Some((name, variable(name)?)))
        else {
            let names = VARIABLES.join(" or ");
            return Err(wrong(format!("I/N, or N where {names} says which part")));
        };
        let index = number(&value).filter(|index| *index < count);
        let index = index.ok_or_else(|| Error::Shard {
            found: format!("{name}={value} of {count}"),
            expected: format!("a number below {count}: parts are counted from 0"),
        })?;
        Self::new(index, count)
    }
}

/// From the name of a part's folder.
fn of_name(name: &str) -> Option<Shard> {
    let (index, count) = name.split_once(OF)?;
    Shard::new(index.parse().ok()?, count.parse().ok()?).ok()
}

/// `I/N`; or `N`, where the environment of an array of jobs says which part this is: `SLURM_ARRAY_TASK_ID`, or
/// else `JOB_COMPLETION_INDEX` (Kubernetes).
impl FromStr for Shard {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text, |name| std::env::var(name).ok())
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        format!("{}{OF}{}", shard.index, shard.count)
    }
}

impl TryFrom<String> for Shard {
    type Error = Error;

    fn try_from(name: String) -> Result<Self> {
        let expected = "the name of a shard, such as 3-of-7";
        of_name(&name).ok_or(Error::Shard { found: name, expected: expected.into() })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stage::Stage;

    #[test]
    fn parts_follow_each_other_and_differ_by_at_most_one() {
        for count in [1, 3, 7, 1000] {
            for length in [0, 1, 6, 100, 1001] {
                let parts = (0..count).map(|index| Shard::new(index, count).unwrap().range(length));
                let parts: Vec<_> = parts.collect();
                assert!(parts.windows(2).all(|two| two[0].end == two[1].start));
                assert_eq!((parts[0].start, parts[parts.len() - 1].end), (0, length));
                let least = parts.iter().map(Range::len).min().unwrap();
                assert!(parts.iter().all(|part| part.len() <= least + 1));
            }
        }
        assert_eq!(Shard::new(6, 7).unwrap().range(usize::MAX).end, usize::MAX);
    }

    #[test]
    fn the_environment_says_which_part_this_is() {
        let parse = |text: &str, variables: &[(&str, &str)]| {
            let variable = |name: &str| {
                let found = variables.iter().find(|(own, _)| *own == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            Shard::parse(text, variable).map_err(|error| error.to_string())
        };
        let (slurm, kubernetes) = (("SLURM_ARRAY_TASK_ID", "4"), ("JOB_COMPLETION_INDEX", "2"));
        assert_eq!(parse("3/7", &[slurm]), Ok(Shard { index: 3, count: 7 }));
        assert_eq!(parse("7", &[kubernetes]), Ok(Shard { index: 2, count: 7 }));
        assert_eq!(parse("7", &[kubernetes, slurm]), Ok(Shard { index: 4, count: 7 }));
        for (text, variables, expected) in [
            ("7/7", &[][..], "shard 7/7, expected one of the parts, counted from 0"),
            ("a/7", &[], "shard a/7, expected I/N, such as 3/7"),
            ("-1", &[], "shard -1, expected I/N, such as 3/7, or N"),
            ("0", &[slurm], "SLURM_ARRAY_TASK_ID=4 of 0, expected a number below 0"),
            ("4", &[slurm], "SLURM_ARRAY_TASK_ID=4 of 4, expected a number below 4"),
            ("4", &[], "expected I/N, or N where SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX"),
        ] {
            let message = parse(text, variables).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn what_is_missing_unfinished_or_other_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let whole = folder.path();
        let message = |error: Error| error.to_string();
        assert!(message(Shard::all(whole).unwrap_err()).ends_with("there are no shards"));
        let make = |index: u32, rows: u32, songs: &str, finish: bool| {
            let inside = Shard::new(index, 5).unwrap().folder(whole);
            std::fs::create_dir_all(&inside).unwrap();
            let inputs = [("songs", songs.to_owned())];
            let stage = Stage::open(inside, 1, &json!({ "rows": rows }), &inputs).unwrap();
            if finish {
                stage.finish().unwrap();
            }
        };
        make(1, 256, "a", true);
        make(2, 256, "a", false);
        make(3, 128, "a", true);
        make(4, 256, "b", true);
        let all = Shard::all(whole).unwrap();
        assert_eq!(all.len(), 5);
        let inputs = |_| vec![("songs", "a".to_owned())];
        let check = |all: &[Shard]| Shard::check(all, whole, 1, &json!({ "rows": 256 }), inputs);
        let found = message(check(&all).unwrap_err());
        let expected = "missing: 0/5; not finished: 2/5; 3/5 is made otherwise: rows is 128, asked for 256; \
                        4/5 is made otherwise: inputs.songs is \"b\", asked for \"a\"";
        assert!(found.ends_with(expected), "{found}");
        check(&all[1..2]).unwrap();
        std::fs::create_dir(whole.join("shards/0-of-2")).unwrap();
        std::fs::create_dir(whole.join("shards/other")).unwrap();
        let found = message(Shard::all(whole).unwrap_err());
        assert!(found.contains("shards of 2 and of 5 parts"), "{found}");
    }

    #[test]
    fn names_are_read_back() {
        let shard = Shard::new(3, 7).unwrap();
        assert_eq!(serde_json::to_string(&shard).unwrap(), "\"3-of-7\"");
        assert_eq!(serde_json::from_str::<Shard>("\"3-of-7\"").unwrap(), shard);
        assert!(serde_json::from_str::<Shard>("\"../3-of-7\"").is_err());
    }
}
