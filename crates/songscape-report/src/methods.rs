//! Where the results come from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How the results were made: shown on the page under "Methods" and written to `methods.json`, so that
/// a reader can judge them and make them again. Plain data; what is not known stays empty and is left
/// out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Methods {
    /// The version of Songscape that made the results, such as `0.1.0`.
    pub version: String,
    /// When the music was read, as RFC 3339 or a date (`2026-11-29`).
    pub data_date: Option<String>,
    /// What the model was trained or run on: `CPU`, `NVIDIA H200`.
    pub device: Option<String>,
    /// The songs that were found, and where they went.
    pub songs: Option<SongFlow>,
    /// The stages in the order in which they ran.
    pub stages: Vec<MethodStage>,
}

/// From the songs that were found to those that are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SongFlow {
    /// Songs in the catalog, or files found.
    pub found: usize,
    /// Songs that are shown.
    pub shown: usize,
    /// Those in between, by reason.
    pub left_out: Vec<LeftOutSongs>,
}

/// Songs that are not shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeftOutSongs {
    /// Why, so that it can stand behind a number: `could not be decoded`, `duplicates`.
    pub reason: String,
    /// How many.
    pub songs: usize,
}

/// One stage: what it was made with and from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MethodStage {
    /// The stage, such as `spectrograms`, `model`, `analysis`.
    pub name: String,
    /// The stage's own version, which changes when its results mean something else.
    pub version: Option<u32>,
    /// The version of Songscape that ran it.
    pub software: String,
    /// Its parameters, any JSON; fields named `seed` are listed among the seeds.
    pub parameters: Value,
    /// Fingerprints of what it was made from, by name.
    pub inputs: BTreeMap<String, String>,
    /// When it finished, as RFC 3339 in UTC.
    pub finished: Option<String>,
    /// What it made, such as `songs` or `steps`.
    pub counts: BTreeMap<String, u64>,
}

impl Methods {
    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// All seeds: stage, field with its path (`umap.seed`), and value.
    pub fn seeds(&self) -> Vec<(&str, String, String)> {
        let of_stage = |stage: &'_ MethodStage| -> Vec<(String, String)> {
            let leaves = leaves(&stage.parameters);
            leaves.into_iter().filter(|(path, _)| path.rsplit('.').next() == Some("seed")).collect()
        };
        let named =
            |stage| of_stage(stage).into_iter().map(move |(p, v)| (stage.name.as_str(), p, v));
        self.stages.iter().flat_map(named).collect()
    }
}

/// The leaves of a JSON value with their paths, in the order of the value: `umap.seed`, `7`. Lists of
/// plain values are one leaf; a value that is no object has an empty path.
pub(crate) fn leaves(value: &Value) -> Vec<(String, String)> {
    fn walk(path: &str, value: &Value, out: &mut Vec<(String, String)>) {
        let below = |key: &str| if path.is_empty() { key.into() } else { format!("{path}.{key}") };
        match value {
            Value::Object(fields) => {
                fields.iter().for_each(|(key, value)| walk(&below(key), value, out));
            }
            Value::Array(items) if items.iter().any(|i| i.is_object() || i.is_array()) => {
                let numbered = items.iter().enumerate();
                numbered.for_each(|(i, value)| walk(&below(&i.to_string()), value, out));
            }
            Value::Null => {}
            Value::String(text) => out.push((path.into(), text.clone())),
            value => out.push((path.into(), value.to_string().replace(',', ", "))),
        }
    }
    let mut out = Vec::new();
    walk("", value, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn seeds_are_found_wherever_they_are() {
        let stage = |name: &str, parameters| MethodStage {
            name: name.into(),
            parameters,
            ..MethodStage::default()
        };
        let methods = Methods {
            stages: vec![
                stage("model", json!({ "seed": 1, "seeded": true })),
                stage("analysis", json!({ "map": { "seed": 2 }, "runs": [{ "seed": 3 }] })),
            ],
            ..Methods::default()
        };
        let seed = |stage, path: &str, value: &str| (stage, path.to_owned(), value.to_owned());
        assert_eq!(
            methods.seeds(),
            [
                seed("model", "seed", "1"),
                seed("analysis", "map.seed", "2"),
                seed("analysis", "runs.0.seed", "3")
            ]
        );
        assert!(!methods.is_empty() && Methods::default().is_empty());
    }

    #[test]
    fn leaves_are_readable() {
        let value = json!({ "range": [30.0, 12000.0], "none": null, "name": "a" });
        let found = leaves(&value);
        assert!(found.contains(&("range".into(), "[30.0, 12000.0]".into())));
        assert!(found.contains(&("name".into(), "a".into())));
        assert_eq!(found.len(), 2);
        assert_eq!(leaves(&json!(3)), [(String::new(), "3".into())]);
    }
}
