//! libtorch out of the Python wheels: fetched and checked by pip, unpacked here.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::libtorch::VERSION;
use crate::succeed;

/// The wheels for one kind of machine.
pub struct Wheels {
    /// Tags that pip chooses by; the C++ library is the same in the wheels of every Python.
    platforms: &'static [&'static str],
    /// What pip downloads, each with its hash.
    requirements: &'static [&'static str],
    /// The libraries that a program on the CPU needs, of all that the wheels hold.
    libraries: &'static [&'static str],
}

const LINUX_X86_64: Wheels = Wheels {
    platforms: &[
        "manylinux_2_28_x86_64",
        "manylinux_2_25_x86_64",
        "manylinux_2_17_x86_64",
        "manylinux2014_x86_64",
    ],
    requirements: &[
        "torch==2.11.0 --hash=sha256:0f68f4ac6d95d12e896c3b7a912b5871619542ec54d3649cf48cc1edd4dd2756",
        "nvidia-cuda-runtime==13.0.96 --hash=sha256:7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
        "nvidia-cuda-cupti==13.0.85 --hash=sha256:4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
    ],
    libraries: &[
        "torch/lib/libc10.so",
        "torch/lib/libgomp.so.1",
        "torch/lib/libshm.so",
        "torch/lib/libtorch_cpu.so",
        "nvidia/cu13/lib/libcudart.so.13",
        "nvidia/cu13/lib/libcupti.so.13",
    ],
};

/// The wheels that fit this machine, where they are known.
pub fn for_this_machine() -> Option<Wheels> {
    cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))
        .then_some(LINUX_X86_64)
}

impl Wheels {
    /// Downloads the wheels and leaves headers and libraries in `home`, which appears whole or not
    /// at all.
    pub fn unpack(&self, home: &Path) -> Result<()> {
        let download = home.with_extension("download");
        let aside = home.with_extension("new");
        let _ = fs::remove_dir_all(&aside);
        fs::create_dir_all(&download)?;
        eprintln!("libtorch {VERSION}: fetching the Python wheels (545 MB) ...");
        self.download(&download)?;
        for wheel in self.files(&download)? {
            eprintln!("unpacking {}", wheel.file_name().unwrap_or_default().display());
            self.extract(&wheel, &aside).with_context(|| wheel.display().to_string())?;
        }
        // The linker asks for a `torch` library; on the CPU it has nothing of its own.
        #[cfg(unix)]
        std::os::unix::fs::symlink("libtorch_cpu.so", aside.join("lib/libtorch.so"))?;
        fs::write(aside.join("build-version"), VERSION)?;
        fs::rename(&aside, home)?;
        fs::remove_dir_all(&download)?;
        Ok(())
    }

    fn download(&self, folder: &Path) -> Result<()> {
        let requirements = folder.join("requirements.txt");
        fs::write(&requirements, self.requirements.join("\n"))?;
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "download", "--no-deps", "--require-hashes"]);
        pip.args(["--disable-pip-version-check", "--only-binary=:all:"]);
        pip.args([
            "--implementation",
            "cp",
            "--python-version",
            "3.12",
            "--abi",
            "cp312",
            "--abi",
            "none",
        ]);
        for platform in self.platforms {
            pip.args(["--platform", platform]);
        }
        pip.arg("--dest").arg(folder).arg("--requirement").arg(&requirements);
        succeed(&mut pip, "python3 -m pip download (are Python 3 and pip installed?)")
    }

    fn files(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let mut wheels: Vec<PathBuf> = fs::read_dir(folder)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|e| e == "whl"))
            .collect();
        wheels.sort();
        if wheels.len() != self.requirements.len() {
            bail!(
                "{}: {} wheels, expected {}",
                folder.display(),
                wheels.len(),
                self.requirements.len()
            );
        }
        Ok(wheels)
    }

    /// Extracts `torch/include` and the needed libraries.
    fn extract(&self, wheel: &Path, to: &Path) -> Result<()> {
        let mut archive = zip::ZipArchive::new(fs::File::open(wheel)?)?;
        for i in 0..archive.len() {
            let mut entry = archive.by_index(i)?;
            let name = entry.name()?.into_owned();
            let target = match name.strip_prefix("torch/include/") {
                Some(header) if entry.is_file() => to.join("include").join(header),
                _ if self.libraries.contains(&name.as_str()) => {
                    to.join("lib").join(name.rsplit('/').next().unwrap_or(&name))
                }
                _ => continue,
            };
            fs::create_dir_all(target.parent().unwrap_or(to))?;
            io::copy(&mut entry, &mut fs::File::create(&target)?)?;
        }
        Ok(())
    }
}
