//! Wavelets in files, by their names.

use std::sync::Arc;

use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de, ser};

use super::{Wavelet, by_name};

pub(crate) fn serialize<S: Serializer>(
    wavelet: &Arc<dyn Wavelet>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let nameless = || ser::Error::custom(format!("{wavelet:?} has no name to be stored by"));
    wavelet.name().ok_or_else(nameless)?.serialize(serializer)
}

pub(crate) fn deserialize<'a, D: Deserializer<'a>>(
    deserializer: D,
) -> Result<Arc<dyn Wavelet>, D::Error> {
    by_name(&String::deserialize(deserializer)?).map_err(de::Error::custom)
}
