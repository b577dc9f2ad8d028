use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::{Difference, Error, Result};
use crate::files::{read_json, remove_leftovers, write_json};

/// A stage's folder and what it was made with, kept in its `parameters.json`.
#[derive(Debug)]
pub struct Stage {
    folder: PathBuf,
    record: Record,
    state: State,
    changes: Vec<Difference>,
}

/// How far a stage has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Nothing is there yet.
    New,
    /// An earlier run with the same parameters and inputs did not finish.
    Unfinished,
    /// The stage was made from other inputs, or by another version of itself;
    /// [`Stage::changes`] says which.
    Outdated,
    /// The stage is finished and its inputs are unchanged.
    Done,
}

/// What a stage was made by and from: its `parameters.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The version of the program that wrote it.
    pub songscape: String,
    /// The version of the stage: it is raised when the same parameters and inputs come to mean
    /// something else.
    #[serde(default = "first")]
    pub version: u32,
    /// Whether the stage is whole.
    pub finished: bool,
    /// The parameters.
    pub parameters: Value,
    /// Fingerprints of the inputs, by name.
    pub inputs: BTreeMap<String, String>,
}

/// The version of stages that say none.
fn first() -> u32 {
    1
}

/// The file of a stage's [`Record`].
const RECORD: &str = "parameters.json";

impl Record {
    /// Whether the recorded parameters can be read as `P`.
    pub fn is<P: DeserializeOwned>(&self) -> bool {
        serde_json::from_value::<P>(self.parameters.clone()).is_ok()
    }

    /// The fields in which the recorded parameters differ. They are read as `P` first, so that a field
    /// that an earlier program did not have yet has its serde default.
    pub(crate) fn differences<P: Serialize + DeserializeOwned>(
        &self,
        requested: &P,
    ) -> Vec<Difference> {
        let json = |parameters: &P| serde_json::to_value(parameters).ok();
        // What cannot be read as `P` is compared as it is, so that the fields are named.
        let known = serde_json::from_value::<P>(self.parameters.clone()).ok();
        let known = known.as_ref().and_then(json).unwrap_or_else(|| self.parameters.clone());
        differences(&known, &json(requested).unwrap_or_default())
    }

    /// What the stage in a folder was made by and from.
    ///
    /// # Errors
    /// [`Error::Io`] when there is no stage, [`Error::Json`] when its record cannot be understood.
    pub fn read(folder: impl AsRef<Path>) -> Result<Self> {
        read_json(Self::file(folder))
    }

    /// The file of the record of the stage in a folder.
    pub fn file(folder: impl AsRef<Path>) -> PathBuf {
        folder.as_ref().join(RECORD)
    }
}

impl Stage {
    /// Opens a stage's folder and compares what is there with the parameters and inputs of this
    /// run. Inputs are pairs of a name and a fingerprint (see [`hash_file`](crate::hash_file)).
    /// Temporary files of a run that was killed are removed.
    ///
    /// Stored parameters are read as `P` before they are compared. A field that an earlier program did
    /// not have yet therefore has its serde default, and that must be what the earlier program did.
    ///
    /// # Errors
    /// [`Error::OtherParameters`] names each field that differs; [`Error::Io`] and [`Error::Json`]
    /// when `parameters.json` cannot be read or written.
    pub fn open<P: Serialize + DeserializeOwned>(
        folder: impl AsRef<Path>,
        version: u32,
        parameters: &P,
        inputs: &[(&str, String)],
    ) -> Result<Self> {
        let folder = folder.as_ref();
        let path = folder.join(RECORD);
        let recorded = serde_json::to_value(parameters)
            .map_err(|source| Error::Json { path: path.clone(), source })?;
        let inputs: BTreeMap<_, _> =
            inputs.iter().map(|(name, print)| ((*name).to_owned(), print.clone())).collect();
        let record = Record {
            songscape: env!("CARGO_PKG_VERSION").into(),
            version,
            finished: false,
            parameters: recorded,
            inputs,
        };

        let stored: Option<Record> = if path.exists() { Some(read_json(&path)?) } else { None };
        let (mut state, mut changes) = (State::New, Vec::new());
        if let Some(old) = stored {
            let differences = old.differences(parameters);
            if !differences.is_empty() {
                return Err(Error::OtherParameters { path, differences });
            }
            let made_from = |version: u32, inputs| json!({ "version": version, "inputs": inputs });
            changes = self::differences(
                &made_from(old.version, old.inputs),
                &made_from(version, record.inputs.clone()),
            );
            state = match (changes.is_empty(), old.finished) {
                (false, _) => State::Outdated,
                (true, true) => State::Done,
                (true, false) => State::Unfinished,
            };
        }
        if folder.is_dir() {
            remove_leftovers(folder)?;
        }
        if state != State::Done {
            write_json(&path, &record)?;
        }
        Ok(Self { folder: folder.into(), record, state, changes })
    }

    /// Whether the stage in a folder is whole, with this version and these parameters, from whatever
    /// inputs.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Json`] when there is a record that cannot be read.
    pub fn is_finished<P: Serialize + DeserializeOwned>(
        folder: impl AsRef<Path>,
        version: u32,
        parameters: &P,
    ) -> Result<bool> {
        let folder = folder.as_ref();
        if !Record::file(folder).exists() {
            return Ok(false);
        }
        let record = Record::read(folder)?;
        let same = record.version == version && record.differences(parameters).is_empty();
        Ok(record.finished && same)
    }

    /// How far the stage had come when it was opened.
    pub fn state(&self) -> State {
        self.state
    }

    /// What an outdated stage was made from: the `version` and the `inputs.NAME` that are others now.
    pub fn changes(&self) -> &[Difference] {
        &self.changes
    }

    /// The stage's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file in the stage's folder.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.join(name)
    }

    /// Begins a finished stage again: it is unfinished until [`finish`](Self::finish).
    ///
    /// # Errors
    /// [`Error::Io`] when `parameters.json` cannot be written.
    pub fn reopen(mut self) -> Result<Self> {
        if self.state == State::Done {
            self.state = State::Unfinished;
            write_json(self.folder.join(RECORD), &self.record)?;
        }
        Ok(self)
    }

    /// Records that the stage is whole.
    ///
    /// # Errors
    /// [`Error::Io`] when `parameters.json` cannot be written.
    pub fn finish(mut self) -> Result<()> {
        if self.state != State::Done {
            self.record.finished = true;
            write_json(self.folder.join(RECORD), &self.record)?;
        }
        Ok(())
    }
}

/// The fields in which two sets of parameters differ, as JSON: names of nested fields are joined by dots.
pub fn differences(stored: &Value, requested: &Value) -> Vec<Difference> {
    fn walk(
        field: &str,
        stored: Option<&Value>,
        requested: Option<&Value>,
        out: &mut Vec<Difference>,
    ) {
        match (stored, requested) {
            (Some(Value::Object(a)), Some(Value::Object(b))) => {
                let names: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
                for name in names {
                    let inner =
                        if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
                    walk(&inner, a.get(name), b.get(name), out);
                }
            }
            (a, b) if a != b => {
                let text = |v: Option<&Value>| v.map_or("absent".into(), Value::to_string);
                out.push(Difference { field: field.into(), stored: text(a), requested: text(b) });
            }
            _ => {}
        }
    }
    let mut out = Vec::new();
    walk("", Some(stored), Some(requested), &mut out);
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn states_follow_the_runs() {
        let folder = tempfile::tempdir().unwrap();
        let open = |version, rows: u32, input: &str| {
            let parameters = json!({"image": {"rows": rows}});
            Stage::open(folder.path(), version, &parameters, &[("songs", input.into())])
        };
        assert_eq!(open(1, 256, "a").unwrap().state(), State::New);
        let unfinished = open(1, 256, "a").unwrap();
        assert_eq!(unfinished.state(), State::Unfinished);
        unfinished.finish().unwrap();
        assert_eq!(open(1, 256, "a").unwrap().state(), State::Done);
        let outdated = open(1, 256, "b").unwrap();
        assert_eq!(outdated.state(), State::Outdated);
        assert_eq!(outdated.changes()[0].to_string(), "inputs.songs is \"a\", asked for \"b\"");
        let Err(Error::OtherParameters { differences, .. }) = open(1, 128, "a") else {
            panic!("other parameters must be refused");
        };
        assert_eq!(differences[0].to_string(), "image.rows is 256, asked for 128");
    }

    #[test]
    fn another_version_is_outdated_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let open = |version| Stage::open(folder.path(), version, &json!({}), &[]).unwrap();
        open(1).finish().unwrap();
        assert_eq!(Record::read(folder.path()).unwrap().version, 1);
        let again = open(2);
        assert_eq!(again.state(), State::Outdated);
        assert_eq!(again.changes()[0].to_string(), "version is 1, asked for 2");
        again.finish().unwrap();
        assert_eq!(open(2).state(), State::Done);
    }

    #[test]
    fn a_finished_stage_is_known_whatever_it_was_made_from() {
        let folder = tempfile::tempdir().unwrap();
        let is = |version, rows: u32| {
            Stage::is_finished(folder.path(), version, &json!({ "rows": rows })).unwrap()
        };
        assert!(!is(1, 256), "nothing is there");
        let inputs = [("songs", "a".to_owned())];
        let stage = Stage::open(folder.path(), 1, &json!({ "rows": 256 }), &inputs).unwrap();
        assert!(!is(1, 256), "it is not whole");
        stage.finish().unwrap();
        assert!(is(1, 256) && !is(2, 256) && !is(1, 128));
    }

    #[test]
    fn a_field_that_is_new_has_its_default_in_old_projects() {
        #[derive(Serialize, Deserialize)]
        struct Params {
            steps: u32,
            #[serde(default)]
            held_out: f32,
        }
        let folder = tempfile::tempdir().unwrap();
        let old = json!({
            "songscape": "0.1.0", "finished": true, "parameters": {"steps": 5}, "inputs": {}
        });
        write_json(folder.path().join(RECORD), &old).unwrap();
        let open = |held_out| Stage::open(folder.path(), 1, &Params { steps: 5, held_out }, &[]);
        assert_eq!(open(0.0).unwrap().state(), State::Done);
        let refused = open(0.5).unwrap_err().to_string();
        assert!(refused.contains("held_out is 0.0, asked for 0.5"), "{refused}");
    }

    #[test]
    fn a_missing_and_a_new_field_are_named() {
        let found = differences(&json!({"a": 1, "b": 2}), &json!({"a": 1, "c": 3}));
        let fields: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(fields, ["b is 2, asked for absent", "c is absent, asked for 3"]);
    }
}
