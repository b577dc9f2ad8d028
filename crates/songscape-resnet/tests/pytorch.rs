//! The loader for PyTorch in `docs/` gives what this crate gives.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

use songscape_resnet::{Activation, EncoderConfig, Model, Normalization};
use tch::{Device, Kind, Tensor};

/// Reads a model and `images` from the first two arguments, and writes `features` to the third.
const PROGRAM: &str = "
import sys
import torch
from safetensors.torch import load_file, save_file
from pytorch_encoder import Encoder
with torch.no_grad():
    features = Encoder(sys.argv[1])(load_file(sys.argv[2])['images'])
save_file({'features': features.contiguous()}, sys.argv[3])
";

/// The Python that `PYTHON` names, or python3.
#[test]
fn pytorch_computes_the_same_features() {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let has_torch = Command::new(&python).args(["-c", "import torch, safetensors"]).output();
    if !has_torch.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: {python} has no torch and safetensors");
        return;
    }
    let other = EncoderConfig {
        blocks_per_stage: 3,
        position_stages: Some(vec![1]),
        normalization: Normalization::None,
        activation: Activation::Silu,
        ..EncoderConfig::narrow(4)
    };
    for config in [EncoderConfig::narrow(8), other] {
        compare(&python, &config);
    }
}

fn compare(python: &str, config: &EncoderConfig) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut model = Model::new(config, Device::Cpu, 7).unwrap();
    // Biases and positions start at zero; shifted, a forgotten one shows.
    let count = model.parameters().flat().numel() as i64;
    let shift = Tensor::arange(count, (Kind::Float, Device::Cpu)).sin() * 0.05;
    let values = model.parameters().flat() + shift;
    model.parameters_mut().set_flat(&values).unwrap();
    model.save(path("model.safetensors")).unwrap();
    let images = Tensor::randn([2, 1, 256, 200], (Kind::Float, Device::Cpu)).clamp(-1.0, 1.0);
    Tensor::write_safetensors(&[("images", &images)], path("images.safetensors")).unwrap();

    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let run = Command::new(python)
        .args(["-c", PROGRAM])
        .args(["model", "images", "features"].map(|name| path(&format!("{name}.safetensors"))))
        .env("PYTHONPATH", docs)
        // libtorch's own folder on the library path would come before Python's.
        .env_remove("LD_LIBRARY_PATH")
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let theirs = Tensor::read_safetensors(path("features.safetensors")).unwrap().remove(0).1;
    let ours = tch::no_grad(|| model.encoder().forward(&images)).unwrap();
    assert_eq!(ours.size(), theirs.size());
    let error = f64::try_from((&ours - &theirs).abs().max()).unwrap();
    let scale = f64::try_from(ours.abs().max()).unwrap();
    assert!(error < 1e-4 * scale, "{error:e} of {scale:e}");
}
