use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tch::{Cuda, Device};

use crate::error::{Error, Result};
use crate::process::cuda;

/// Where the network runs: `auto`, `cpu`, `cuda` or `cuda:N`.
///
/// ```
/// use songscape_resnet::DeviceChoice;
///
/// let choice: DeviceChoice = "cuda:1".parse()?;
/// assert_eq!(choice, DeviceChoice::Cuda(1));
/// assert!("gpu".parse::<DeviceChoice>().is_err());
/// # Ok::<(), songscape_resnet::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum DeviceChoice {
    /// The first CUDA device where one can be used, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// A CUDA device by its number.
    Cuda(usize),
}

impl DeviceChoice {
    /// The device, once it is known to be usable.
    ///
    /// To be called before the first tensor is made: libtorch looks for CUDA once. Programs that run
    /// large networks on the CPU call [`keep_freed_memory`](crate::keep_freed_memory) as well.
    ///
    /// # Errors
    /// [`Error::Device`] when a CUDA device was asked for and there is none; says what is missing.
    pub fn resolve(self) -> Result<Device> {
        let number = match self {
            Self::Cpu => return Ok(Device::Cpu),
            Self::Auto => 0,
            Self::Cuda(number) => number,
        };
        let usable = cuda::load().and_then(|()| {
            if !Cuda::is_available() {
                return Err("libtorch finds no CUDA device or driver".to_owned());
            }
            match Cuda::device_count() {
                count if (number as i64) < count => Ok(Device::Cuda(number)),
                count => Err(format!("there are {count} CUDA devices, counted from 0")),
            }
        });
        match (usable, self) {
            (Ok(device), _) => Ok(device),
            (Err(_), Self::Auto) => Ok(Device::Cpu),
            (Err(reason), _) => Err(Error::Device { device: self.to_string(), reason }),
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let unknown = || Error::name("device", text, "auto, cpu, cuda or cuda:N");
        match text.split_once(':') {
            None if text == "auto" => Ok(Self::Auto),
            None if text == "cpu" => Ok(Self::Cpu),
            None if text == "cuda" => Ok(Self::Cuda(0)),
            Some(("cuda", number)) => number.parse().map(Self::Cuda).map_err(|_| unknown()),
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<DeviceChoice> for String {
    fn from(choice: DeviceChoice) -> Self {
        choice.to_string()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        for (text, choice) in [
            ("auto", DeviceChoice::Auto),
            ("cpu", DeviceChoice::Cpu),
            ("cuda:0", DeviceChoice::Cuda(0)),
            ("cuda:12", DeviceChoice::Cuda(12)),
        ] {
            assert_eq!(text.parse::<DeviceChoice>().unwrap(), choice);
            assert_eq!(choice.to_string(), text);
        }
        for text in ["", "gpu", "cuda:", "cuda:x", "cuda:-1", "cpu:0", "CUDA"] {
            assert!(matches!(text.parse::<DeviceChoice>(), Err(Error::Parameter { .. })), "{text}");
        }
    }

    #[test]
    fn the_cpu_is_always_there_and_no_absurd_gpu_is() {
        assert_eq!(DeviceChoice::Cpu.resolve().unwrap(), Device::Cpu);
        let message = DeviceChoice::Cuda(1000).resolve().unwrap_err().to_string();
        assert!(message.starts_with("device cuda:1000 cannot be used: "), "{message}");
        DeviceChoice::Auto.resolve().unwrap();
    }
}
