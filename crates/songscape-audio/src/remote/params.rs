use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How object stores are asked. Where they are, and with which credentials, is told by the environment, by the
/// variables of the crate `object_store`: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`,
/// `AWS_ENDPOINT`, …; `GOOGLE_APPLICATION_CREDENTIALS`, …; `AZURE_STORAGE_ACCOUNT_NAME`, ….
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ObjectParams {
    /// The largest song that is fetched, in bytes; at least 1. Larger ones are refused before they are read.
    pub max_bytes: u64,
    /// How often a request is tried again that failed on its way or was refused for the time being.
    pub retries: usize,
    /// Seconds after which nothing is tried again; 0 to 86,400.
    pub retry_seconds: f64,
    /// Seconds without a byte after which a request has failed; 0.1 to 3,600.
    pub idle_seconds: f64,
    /// Requests at a time where no song is decoded: looking at what is there, and putting and getting shards; 1
    /// to 1,024. Each holds up to 8 MiB while it puts.
    pub requests: usize,
    /// Options of `object_store` that win over the environment, by the names of its variables in any case. They
    /// may be secret: they are neither printed nor written.
    #[serde(skip)]
    pub options: BTreeMap<String, String>,
}

impl Default for ObjectParams {
    /// Songs to 4 GiB (six hours of CD, uncompressed, are 3.8 GB); 10 retries within 180 s; 30 s without a byte;
    /// 16 requests at a time.
    fn default() -> Self {
        Self {
            max_bytes: 4 << 30,
            retries: 10,
            retry_seconds: 180.0,
            idle_seconds: 30.0,
            requests: 16,
            options: BTreeMap::new(),
        }
    }
}

/// The options by their names alone.
impl fmt::Debug for ObjectParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { max_bytes, retries, retry_seconds, idle_seconds, requests, options } = self;
        f.debug_struct("ObjectParams")
            .field("max_bytes", max_bytes)
            .field("retries", retries)
            .field("retry_seconds", retry_seconds)
            .field("idle_seconds", idle_seconds)
            .field("requests", requests)
            .field("options", &options.keys())
            .finish()
    }
}

impl ObjectParams {
    /// The default, and what these variables say otherwise: `SONGSCAPE_OBJECT_MAX_BYTES`,
    /// `SONGSCAPE_OBJECT_RETRIES`, `SONGSCAPE_OBJECT_RETRY_SECONDS`, `SONGSCAPE_OBJECT_IDLE_SECONDS` and
    /// `SONGSCAPE_OBJECT_REQUESTS`.
    ///
    /// # Errors
    /// [`Error::Parameter`] names a variable that is not a number within its range.
    pub fn from_env() -> Result<Self> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let default = Self::default();
        let params = Self {
            max_bytes: read(&variable, NAMES[0], default.max_bytes)?,
            retries: read(&variable, NAMES[1], default.retries)?,
            retry_seconds: read(&variable, NAMES[2], default.retry_seconds)?,
            idle_seconds: read(&variable, NAMES[3], default.idle_seconds)?,
            requests: read(&variable, NAMES[4], default.requests)?,
            options: BTreeMap::new(),
        };
        params.validate()?;
        Ok(params)
    }

    /// Checks that all numbers are within their ranges.
    ///
    /// # Errors
    /// [`Error::Parameter`] names the variable of the first that is not.
    pub fn validate(&self) -> Result<()> {
        let wrong = |field, found: f64, expected| {
            Err(Error::Parameter { field, found: found.to_string(), expected })
        };
        if self.max_bytes == 0 {
            return wrong(NAMES[0], 0.0, "at least 1");
        }
        if !(0.0..=86_400.0).contains(&self.retry_seconds) {
            return wrong(NAMES[2], self.retry_seconds, "0 to 86400 seconds");
        }
        if !(0.1..=3600.0).contains(&self.idle_seconds) {
            return wrong(NAMES[3], self.idle_seconds, "0.1 to 3600 seconds");
        }
        if !(1..=1024).contains(&self.requests) {
            return wrong(NAMES[4], self.requests as f64, "1 to 1024");
        }
        Ok(())
    }

    /// The time after which nothing is tried again.
    pub(super) fn retry_time(&self) -> Duration {
        Duration::from_secs_f64(self.retry_seconds)
    }
}

/// The variables, in the order of the fields.
const NAMES: [&str; 5] = [
    "SONGSCAPE_OBJECT_MAX_BYTES",
    "SONGSCAPE_OBJECT_RETRIES",
    "SONGSCAPE_OBJECT_RETRY_SECONDS",
    "SONGSCAPE_OBJECT_IDLE_SECONDS",
    "SONGSCAPE_OBJECT_REQUESTS",
];

/// The number in a variable, or the default where it is not set.
fn read<T: FromStr>(
    variable: &impl Fn(&str) -> Option<String>,
    field: &'static str,
    default: T,
) -> Result<T> {
    let Some(found) = variable(field) else { return Ok(default) };
    found.trim().parse().map_err(|_| Error::Parameter { field, found, expected: "a number" })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read_and_named_when_they_are_wrong() {
        let set = |name: &str, value: &str| {
            let (name, value) = (format!("SONGSCAPE_OBJECT_{name}"), value.to_owned());
            ObjectParams::from_variables(move |asked| (asked == name).then(|| value.clone()))
        };
        assert_eq!(ObjectParams::from_variables(|_| None).unwrap(), ObjectParams::default());
        assert_eq!(set("MAX_BYTES", "1000").unwrap().max_bytes, 1000);
        assert_eq!(set("RETRIES", " 0 ").unwrap().retries, 0);
        assert_eq!(set("RETRY_SECONDS", "2.5").unwrap().retry_time().as_millis(), 2500);
        assert_eq!(set("IDLE_SECONDS", "0.5").unwrap().idle_seconds, 0.5);
        assert_eq!(set("REQUESTS", "64").unwrap().requests, 64);
        let wrong = |name: &str, value: &str| set(name, value).unwrap_err().to_string();
        let message = wrong("MAX_BYTES", "4 GB");
        assert_eq!(message, "SONGSCAPE_OBJECT_MAX_BYTES is 4 GB, expected a number");
        let names = ["MAX_BYTES", "RETRIES", "RETRY_SECONDS", "IDLE_SECONDS", "REQUESTS"];
        for (name, value) in names.into_iter().zip(["0", "-1", "NaN", "0", "0"]) {
            let message = wrong(name, value);
            assert!(message.starts_with(&format!("SONGSCAPE_OBJECT_{name} is ")), "{message}");
        }
    }

    #[test]
    fn secrets_are_not_printed_or_written() {
        let options = [("aws_secret_access_key".to_owned(), "5ec3e7".to_owned())].into();
        let params = ObjectParams { options, ..ObjectParams::default() };
        let printed = format!("{params:?}");
        assert!(printed.contains("aws_secret_access_key") && !printed.contains("5ec3e7"));
        assert!(!serde_json::to_string(&params).unwrap().contains("5ec3e7"));
    }
}
