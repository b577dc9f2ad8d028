use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Difference, Error, Result};
use crate::files::{read_json, remove_leftovers, write_json};

/// A stage's folder and what it was made with, kept in its `parameters.json`.
#[derive(Debug)]
pub struct Stage {
    folder: PathBuf,
    stamp: Stamp,
    state: State,
}

/// How far a stage has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing is there yet.
    New,
    /// An earlier run with the same parameters and inputs did not finish.
    Unfinished,
    /// The stage was finished, but its inputs have changed since.
    Outdated,
    /// The stage is finished and its inputs are unchanged.
    Done,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Stamp {
    songscape: String,
    finished: bool,
    parameters: Value,
    inputs: BTreeMap<String, String>,
}

impl Stage {
    /// Opens a stage's folder and compares what is there with the parameters and inputs of this
    /// run. Inputs are pairs of a name and a fingerprint (see [`hash_file`](crate::hash_file)).
    /// Temporary files of a run that was killed are removed.
    ///
    /// # Errors
    /// [`Error::OtherParameters`] names each field that differs; [`Error::Io`] and [`Error::Json`]
    /// when `parameters.json` cannot be read or written.
    pub fn open(
        folder: &Path,
        parameters: &impl Serialize,
        inputs: &[(&str, String)],
    ) -> Result<Self> {
        let path = folder.join("parameters.json");
        let parameters = serde_json::to_value(parameters)
            .map_err(|source| Error::Json { path: path.clone(), source })?;
        let inputs: BTreeMap<_, _> =
            inputs.iter().map(|(name, print)| ((*name).to_owned(), print.clone())).collect();
        let stamp = Stamp {
            songscape: env!("CARGO_PKG_VERSION").into(),
            finished: false,
            parameters,
            inputs,
        };

        let stored: Option<Stamp> = if path.exists() { Some(read_json(&path)?) } else { None };
        let state = match &stored {
            None => State::New,
            Some(old) => {
                let differences = differences(&old.parameters, &stamp.parameters);
                if !differences.is_empty() {
                    return Err(Error::OtherParameters { path, differences });
                }
                match (old.inputs == stamp.inputs, old.finished) {
                    (true, true) => State::Done,
                    (true, false) => State::Unfinished,
                    (false, _) => State::Outdated,
                }
            }
        };
        if folder.is_dir() {
            remove_leftovers(folder)?;
        }
        if state != State::Done {
            write_json(&path, &stamp)?;
        }
        Ok(Self { folder: folder.into(), stamp, state })
    }

    /// How far the stage had come when it was opened.
    pub fn state(&self) -> State {
        self.state
    }

    /// The stage's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file in the stage's folder.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.join(name)
    }

    /// Records that the stage is whole.
    ///
    /// # Errors
    /// [`Error::Io`] when `parameters.json` cannot be written.
    pub fn finish(mut self) -> Result<()> {
        if self.state != State::Done {
            self.stamp.finished = true;
            write_json(&self.folder.join("parameters.json"), &self.stamp)?;
        }
        Ok(())
    }
}

/// The leaves in which two JSON values differ.
fn differences(stored: &Value, requested: &Value) -> Vec<Difference> {
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
    use serde_json::json;

    use super::*;

    #[test]
    fn states_follow_the_runs() {
        let folder = tempfile::tempdir().unwrap();
        let open = |rows: u32, input: &str| {
            Stage::open(
                folder.path(),
                &json!({"image": {"rows": rows}}),
                &[("songs", input.into())],
            )
        };
        assert_eq!(open(256, "a").unwrap().state(), State::New);
        let unfinished = open(256, "a").unwrap();
        assert_eq!(unfinished.state(), State::Unfinished);
        unfinished.finish().unwrap();
        assert_eq!(open(256, "a").unwrap().state(), State::Done);
        assert_eq!(open(256, "b").unwrap().state(), State::Outdated);
        let Err(Error::OtherParameters { differences, .. }) = open(128, "a") else {
            panic!("other parameters must be refused");
        };
        assert_eq!(differences[0].to_string(), "image.rows is 256, asked for 128");
    }

    #[test]
    fn a_missing_and_a_new_field_are_named() {
        let found = differences(&json!({"a": 1, "b": 2}), &json!({"a": 1, "c": 3}));
        let fields: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(fields, ["b is 2, asked for absent", "c is absent, asked for 3"]);
    }
}
