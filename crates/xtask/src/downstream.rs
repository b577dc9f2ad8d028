//! Programs outside of the workspace, as a user writes them: built against the crates by path.

use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

use crate::{cargo, root, succeed};

/// A folder under `examples/downstream/`, and what cargo does with it.
const PROGRAMS: [(&str, &str); 2] = [("ssq-alone", "run"), ("whole-pipeline", "build")];

pub fn check(libtorch: &Path) -> Result<()> {
    for (name, action) in PROGRAMS {
        let folder = root().join("examples/downstream").join(name);
        // The versions that the workspace was tested with.
        fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))
            .with_context(|| folder.display().to_string())?;
        let mut command = cargo();
        command.args([action, "--quiet", "--manifest-path"]).arg(folder.join("Cargo.toml"));
        // The workspace's profile and target folder, so that what is built there is used here.
        command.args(["--config", "profile.dev.opt-level=1"]);
        command.args(["--config", "profile.dev.package.'*'.opt-level=2"]);
        command.arg("--target-dir").arg(root().join("target"));
        command.env("LIBTORCH", libtorch);
        succeed(&mut command, &format!("examples/downstream/{name}"))?;
    }
    Ok(())
}
