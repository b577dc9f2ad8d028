//! Choices on the command line that a library's own types name.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a choice by the name under which the library stores it, such as `spectral`; the message for any
/// other text lists all names.
///
/// # Errors
/// Which names are expected.
pub fn choice<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(Value::String(text.into())).map_err(|error| error.to_string())
}

/// Reads a value in JSON.
///
/// # Errors
/// What is wrong with it.
pub fn json<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("expected JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use songscape::analysis::umap::Start;

    use super::*;

    #[test]
    fn names_are_those_of_the_library() {
        assert_eq!(choice("pca"), Ok(Start::Pca));
        let message = choice::<Start>("random").unwrap_err();
        assert!(message.contains("random") && message.contains("spectral"), "{message}");
    }
}
