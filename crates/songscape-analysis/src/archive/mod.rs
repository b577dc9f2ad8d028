//! Fitted models in files: arrays, and what is to be known of them in JSON, in the safetensors format
//! (<https://huggingface.co/docs/safetensors>), so that other programs can read them too.
//!
//! The metadata has one key, `songscape-analysis`: a JSON object with `kind` (what was saved), `version`
//! and `facts`. A file is untrusted input: nothing is believed before it is checked against the size of
//! the file, and every model checks what it takes out.

mod read;
mod write;

pub(crate) use read::Archive;
pub(crate) use write::{Writer, standard};

use serde::{Deserialize, Serialize};

/// The version of all files; raised when what is in them changes its form or its meaning.
const VERSION: u32 = 1;
/// The key of the metadata.
const KEY: &str = "songscape-analysis";

/// What the metadata say.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    kind: String,
    version: u32,
    facts: serde_json::Map<String, serde_json::Value>,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::PathBuf;

    use ndarray::{Array2, array};

    use super::*;
    use crate::error::Error;

    struct File(tempfile::TempDir);

    impl File {
        fn new() -> Self {
            let file = Self(tempfile::tempdir().unwrap());
            let x = array![[1.0_f32, -2.5], [f32::INFINITY, 0.0], [7.0, 8.0]];
            let mut writer = Writer::new("test");
            writer.fact("names", &["a", "b"]).unwrap();
            writer.matrix("deep.x", &x);
            writer.list("rows", vec![3_u32, 1, 4]);
            writer.list("labels", vec![-1_i32, 0]);
            writer.list("lambdas", vec![0.5_f64, f64::INFINITY]);
            writer.list("text", b"words".to_vec());
            writer.save(&file.path()).unwrap();
            file
        }

        fn path(&self) -> PathBuf {
            self.0.path().join("model.safetensors")
        }

        fn refused(&self, kind: &str) -> String {
            match Archive::open(&self.path(), kind) {
                Err(Error::File { path, reason }) => {
                    assert_eq!(path, self.path());
                    reason
                }
                other => panic!("{:?}", other.map(|_| ())),
            }
        }
    }

    #[test]
    fn what_was_saved_comes_back() {
        let file = File::new();
        let archive = Archive::open(&file.path(), "test").unwrap();
        assert_eq!(archive.fact::<Vec<String>>("names").unwrap(), ["a", "b"]);
        let x: Array2<f32> = archive.matrix("deep.x", (Some(3), None)).unwrap();
        assert_eq!(x, array![[1.0, -2.5], [f32::INFINITY, 0.0], [7.0, 8.0]]);
        assert_eq!(archive.list::<u32>("rows", None).unwrap(), [3, 1, 4]);
        assert_eq!(archive.list::<i32>("labels", Some(2)).unwrap(), [-1, 0]);
        assert_eq!(archive.list::<f64>("lambdas", None).unwrap(), [0.5, f64::INFINITY]);
        assert_eq!(archive.list::<u8>("text", None).unwrap(), b"words");
        // Another form, another type, another name.
        assert!(archive.list::<u32>("rows", Some(2)).is_err());
        assert!(archive.list::<f32>("rows", None).is_err());
        assert!(archive.list::<u32>("deep.x", None).is_err());
        assert!(archive.matrix::<f32>("deep.x", (Some(2), None)).is_err());
        assert!(archive.list::<u32>("none", None).is_err());
        assert!(archive.fact::<usize>("names").is_err() && archive.fact::<u8>("none").is_err());
    }

    #[test]
    fn the_file_is_one_that_safetensors_reads() {
        let file = File::new();
        let bytes = std::fs::read(file.path()).unwrap();
        let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(tensors.tensor("deep.x").unwrap().shape(), [3, 2]);
        assert_eq!(tensors.tensor("text").unwrap().data(), b"words");
    }

    #[test]
    fn a_file_that_is_cut_is_refused_wherever_it_ends() {
        let file = File::new();
        let whole = std::fs::read(file.path()).unwrap();
        for length in 0..whole.len() {
            std::fs::write(file.path(), &whole[..length]).unwrap();
            file.refused("test");
        }
        std::fs::write(file.path(), [&whole[..], b"more"].concat()).unwrap();
        assert!(file.refused("test").contains("bytes"));
    }

    #[test]
    fn lies_cost_no_memory_and_other_files_are_named() {
        let file = File::new();
        assert!(file.refused("study").contains("a test, not a study"));
        let whole = std::fs::read(file.path()).unwrap();
        // A header longer than the file, and one of 2^60 bytes.
        for length in [whole.len() as u64, 1 << 60] {
            let bytes = [&length.to_le_bytes()[..], &whole[8..]].concat();
            std::fs::write(file.path(), bytes).unwrap();
            file.refused("test");
        }
        let replaced = |from: &str, to: &str| {
            let text = String::from_utf8_lossy(&whole[8..]).into_owned();
            assert!(text.contains(from), "{text}");
            let head = u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
            let text = std::str::from_utf8(&whole[8..8 + head]).unwrap().replace(from, to);
            let length = (text.len() as u64).to_le_bytes();
            [&length[..], text.as_bytes(), &whole[8 + head..]].concat()
        };
        for (from, to) in [
            ("[3,2]", "[4000000000000,2]"),
            ("[3,2]", "[18446744073709551615,2]"),
            ("[3,2]", "[3]"),
            ("\"F32\"", "\"F16\""),
            (KEY, "another"),
        ] {
            std::fs::write(file.path(), replaced(from, to)).unwrap();
            file.refused("test");
        }
        std::fs::write(file.path(), replaced("version\\\":1", "version\\\":99")).unwrap();
        assert!(file.refused("test").contains("version 99"));
        std::fs::remove_file(file.path()).unwrap();
        file.refused("test");
    }
}
