//! The packages as a registry would have them: whole, and enough for programs of others.
//!
//! A workspace in `target/outside` has the unpacked packages, copies of our programs, and the programs
//! of `examples/downstream`, all of which get the packages by version. Whatever a package lacks is
//! missed there. Features and profiles are those of our workspace, so that dependencies that are built
//! are used.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use flate2::read::GzDecoder;

use crate::check::NO_LIBTORCH;
use crate::metadata::{Package, published};
use crate::{cargo, libtorch, root, succeed};

/// Our own packages that are not published: with them, features of dependencies are the same.
const OURS: [&str; 2] = ["crates/xtask", "examples"];

/// The programs of others under `examples/downstream/`.
const PROGRAMS: [&str; 2] = ["ssq-alone", "whole-pipeline"];

/// How well cargo optimises the packages and the programs; what they depend on is built as for the tests.
const OPT_LEVEL: &str = "CARGO_PROFILE_DEV_OPT_LEVEL";

/// Makes the packages, runs the examples of their documentation and the programs of others.
pub fn check(libtorch: &Path) -> Result<()> {
    let packages = published()?;
    let outside = Outside::new(libtorch.to_owned());
    outside.prepare(&packages)?;
    outside.examples()?;
    outside.programs()
}

/// A workspace of somebody else.
pub struct Outside {
    pub folder: PathBuf,
    libtorch: PathBuf,
}

impl Outside {
    pub fn new(libtorch: PathBuf) -> Self {
        Self { folder: root().join("target/outside"), libtorch }
    }

    /// Packs and unpacks the packages, and writes the workspace that has them.
    pub fn prepare(&self, packages: &[Package]) -> Result<()> {
        let mut pack = cargo();
        pack.args(["package", "--quiet", "--no-verify", "--allow-dirty"]);
        for package in packages {
            pack.args(["--package", &package.name]);
        }
        succeed(pack.arg("--target-dir").arg(root().join("target")), "cargo package")?;
        self.unpack(packages)?;
        self.write_workspace(packages)?;
        PROGRAMS.iter().try_for_each(|program| self.write_program(program, packages))
    }

    /// Unpacks the packages to `packages/`, which then has nothing else.
    fn unpack(&self, packages: &[Package]) -> Result<()> {
        let (old, new) = (self.folder.join("packages"), self.folder.join("new"));
        let _ = fs::remove_dir_all(&new);
        for Package { name, version, .. } in packages {
            let file = root().join(format!("target/package/{name}-{version}.crate"));
            let archive = fs::File::open(&file).with_context(|| file.display().to_string())?;
            let mut archive = tar::Archive::new(GzDecoder::new(archive));
            archive.set_preserve_mtime(false);
            archive.unpack(&new).with_context(|| file.display().to_string())?;
            let unpacked = new.join(format!("{name}-{version}"));
            for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
                if fs::read(unpacked.join(licence)).ok() != fs::read(root().join(licence)).ok() {
                    bail!("{} does not have the text of {licence}", file.display());
                }
            }
        }
        keep_times(&new, &old)?;
        let _ = fs::remove_dir_all(&old);
        fs::rename(new, old)?;
        Ok(())
    }

    /// The manifest of our workspace, with the packages in place of their sources.
    fn write_workspace(&self, packages: &[Package]) -> Result<()> {
        let ours = fs::read_to_string(root().join("Cargo.toml"))?;
        let shared = ours.find("[workspace.package]").map_or("", |start| &ours[start..]);
        let members = ["packages/*", "programs/*"].into_iter().chain(OURS);
        let members: Vec<String> = members.map(|member| format!("{member:?}")).collect();
        let mut manifest = format!(
            "[workspace]\nresolver = \"3\"\nmembers = [{}]\n\n{shared}",
            members.join(", ")
        );
        manifest += "\n[patch.crates-io]\n";
        for Package { name, version, .. } in packages {
            manifest = manifest.replace(&format!("path = \"crates/{name}\", "), "");
            manifest += &format!("{name} = {{ path = \"packages/{name}-{version}\" }}\n");
        }
        write_if_other(&self.folder.join("Cargo.toml"), manifest.as_bytes())?;
        // The versions that the workspace was tested with, and the documents with programs.
        for file in ["Cargo.lock", "README.md"] {
            write_if_other(&self.folder.join(file), &fs::read(root().join(file))?)?;
        }
        for folder in OURS.into_iter().chain(["docs"]) {
            copy(&root().join(folder), &self.folder.join(folder))?;
        }
        Ok(())
    }

    /// A program of `examples/downstream` that asks for the packages by their version.
    fn write_program(&self, name: &str, packages: &[Package]) -> Result<()> {
        let from = root().join("examples/downstream").join(name);
        let to = self.folder.join("programs").join(name);
        fs::create_dir_all(to.join("src"))?;
        for file in ["src/main.rs", "build.rs"] {
            if from.join(file).exists() {
                write_if_other(&to.join(file), &fs::read(from.join(file))?)?;
            }
        }
        let mut manifest = fs::read_to_string(from.join("Cargo.toml"))?;
        for Package { name, version, .. } in packages {
            let path = format!("path = \"../../../crates/{name}\"");
            manifest = manifest.replace(&path, &format!("version = \"{version}\""));
        }
        let manifest = manifest.replace("[workspace]\n", "");
        if manifest.contains("path =") || !manifest.contains("version = \"") {
            bail!("{}: dependencies by path are left", from.display());
        }
        write_if_other(&to.join("Cargo.toml"), manifest.as_bytes())
    }

    /// Runs the examples of the packages' documentation, of their READMEs, and of our documents.
    fn examples(&self) -> Result<()> {
        let mut test = self.cargo("test", &self.libtorch);
        succeed(test.args(["--doc", "--workspace", "--all-features"]), "examples of the packages")
    }

    /// Each program with the features that it asks for; the second, which is large, is then built with all of them.
    fn programs(&self) -> Result<()> {
        let mut alone = self.cargo("run", Path::new(NO_LIBTORCH));
        succeed(alone.args(["--package", "ssq-alone"]), "ssq-alone")?;
        let mut types = self.cargo("check", &self.libtorch);
        succeed(types.args(["--package", "whole-pipeline"]), "types of whole-pipeline")?;
        let mut build = self.cargo("build", &self.libtorch);
        build.args(["--workspace", "--all-features", "--bin", "whole-pipeline"]);
        // With an example, dependencies have the features that they have in tests, and are compiled already.
        build.args(["--example", "chirp_and_back"]);
        succeed(&mut build, "whole-pipeline")?;
        self.starts("whole-pipeline")
    }

    /// Asks that a program, started as it is, finds libtorch by its run path: it prints its usage.
    fn starts(&self, program: &str) -> Result<()> {
        let path = root().join("target/debug").join(program);
        let mut command = Command::new(path.with_extension(std::env::consts::EXE_EXTENSION));
        command.env_remove("LD_LIBRARY_PATH").env_remove("DYLD_LIBRARY_PATH");
        if cfg!(windows) {
            libtorch::use_in(&mut command, &self.libtorch);
        }
        let output = command.output().with_context(|| program.to_owned())?;
        if output.status.code() != Some(2) {
            bail!("{program} does not start: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    /// Cargo as somebody else has it: without the workspace's configuration.
    fn cargo(&self, action: &str, libtorch: &Path) -> Command {
        let mut command = cargo();
        command.current_dir(std::env::temp_dir());
        command.args([action, "--quiet", "--manifest-path"]).arg(self.folder.join("Cargo.toml"));
        command.arg("--target-dir").arg(root().join("target"));
        // The examples in documents are small.
        command.env(OPT_LEVEL, "0");
        libtorch::use_in(&mut command, libtorch);
        let library = libtorch.join("lib");
        command.env("LD_LIBRARY_PATH", &library).env("DYLD_LIBRARY_PATH", &library);
        command
    }
}

/// Gives files of `new` that are the same in `old` the time of `old`: cargo builds again what is newer.
fn keep_times(new: &Path, old: &Path) -> Result<()> {
    for entry in fs::read_dir(new)? {
        let entry = entry?;
        let (new, old) = (entry.path(), old.join(entry.file_name()));
        if new.is_dir() {
            keep_times(&new, &old)?;
        } else if fs::read(&old).is_ok_and(|bytes| fs::read(&new).is_ok_and(|same| same == bytes)) {
            let modified = fs::metadata(&old)?.modified()?;
            fs::File::options().write(true).open(&new)?.set_modified(modified)?;
        }
    }
    Ok(())
}

/// Copies a folder, less what is built in it and the programs of others.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, copied, name) = (entry.path(), to.join(entry.file_name()), entry.file_name());
        if path.is_dir() && name != "target" && name != "downstream" {
            copy(&path, &copied)?;
        } else if path.is_file() {
            write_if_other(&copied, &fs::read(&path)?)?;
        }
    }
    Ok(())
}

fn write_if_other(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).ok().as_deref() != Some(bytes) {
        fs::write(path, bytes).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
