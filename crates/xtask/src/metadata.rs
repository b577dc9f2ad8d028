//! What cargo knows of the workspace's packages.

use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::cargo;
use crate::check::NO_LIBTORCH;
use crate::toolchains::cargo_of;

/// A package that is published.
pub struct Package {
    pub name: String,
    pub version: String,
    /// The oldest compiler that it says it needs.
    pub rust_version: String,
    pub features: Vec<String>,
    /// The arguments for cargo by which docs.rs makes its documentation.
    pub docs: Vec<String>,
    /// Whether it asks for libtorch, in some feature at least.
    pub libtorch: bool,
}

impl Package {
    /// An action of cargo on its documentation, with what docs.rs has: nightly, and no libtorch.
    pub fn docs_rs(&self, nightly: &str, action: &str) -> Command {
        let mut cargo = cargo_of(nightly);
        cargo.args([action, "--quiet", "--package", &self.name]).args(&self.docs);
        cargo.args(["--target-dir", "target/docs-rs"]).env("LIBTORCH", NO_LIBTORCH);
        cargo
    }
}

/// All packages that are published, by name.
pub fn published() -> Result<Vec<Package>> {
    let output = cargo().args(["metadata", "--no-deps", "--format-version=1"]).output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let packages = metadata["packages"].as_array().context("cargo metadata: no packages")?;
    let mut published: Vec<Package> = packages
        .iter()
        .filter(|package| package["publish"].is_null())
        .map(|package| read(package).with_context(|| format!("cargo metadata: {package}")))
        .collect::<Result<_>>()?;
    published.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(published)
}

fn read(package: &Value) -> Result<Package> {
    let text = |key: &str| package[key].as_str().map(str::to_owned).with_context(|| key.to_owned());
    let dependencies = package["dependencies"].as_array().context("dependencies")?;
    Ok(Package {
        name: text("name")?,
        version: text("version")?,
        rust_version: text("rust_version")?,
        features: package["features"].as_object().context("features")?.keys().cloned().collect(),
        docs: docs(&package["metadata"]["docs"]["rs"]),
        libtorch: dependencies.iter().any(|dependency| dependency["name"] == "tch"),
    })
}

fn docs(rs: &Value) -> Vec<String> {
    let mut arguments = Vec::new();
    if rs["all-features"] == true {
        arguments.push("--all-features".to_owned());
    }
    let features = rs["features"].as_array().into_iter().flatten().filter_map(Value::as_str);
    arguments.extend(features.flat_map(|feature| ["--features".to_owned(), feature.to_owned()]));
    arguments
}
