//! Outputs and gradients against values from float64 PyTorch (see `tests/data/README.md`).
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::path::Path;

use songscape_resnet::{EncoderConfig, Model};
use tch::{Device, Kind, Tensor};

fn golden() -> HashMap<String, Tensor> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/encoder_c8.safetensors");
    Tensor::read_safetensors(path).unwrap().into_iter().collect()
}

/// The largest difference relative to the largest value.
fn difference(found: &Tensor, expected: &Tensor) -> f64 {
    assert_eq!(found.size(), expected.size());
    let scale = expected.abs().max().double_value(&[]);
    (found - expected).abs().max().double_value(&[]) / scale
}

fn model(golden: &HashMap<String, Tensor>) -> Model {
    let config = EncoderConfig { head_outputs: 16, ..EncoderConfig::narrow(8) };
    let model = Model::new(&config, Device::Cpu, 0).unwrap();
    for (name, parameter) in model.parameters().named() {
        assert_eq!(parameter.size(), golden[name].size(), "{name}");
        tch::no_grad(|| parameter.shallow_clone().copy_(&golden[name]));
    }
    model
}

#[test]
fn outputs_and_gradients_are_those_of_the_reference() {
    let golden = golden();
    let model = model(&golden);
    let features = model.encoder().forward(&golden["input"]).unwrap();
    let embedding = model.head().forward(&features).unwrap();
    assert!(difference(&features, &golden["features"]) < 1e-4);
    assert!(difference(&embedding, &golden["embedding"]) < 1e-4);

    let loss = embedding.square().sum(Kind::Float);
    let gradient = model.parameters().gradient(&loss).unwrap();
    let mut start = 0;
    for (name, parameter) in model.parameters().named() {
        let count = parameter.numel() as i64;
        let own = gradient.narrow(0, start, count).view(parameter.size().as_slice());
        let off = difference(&own, &golden[&format!("grad.{name}")]);
        assert!(off < 1e-4, "{name}: {off:e}");
        start += count;
    }
}

#[test]
fn bfloat16_is_close() {
    let golden = golden();
    let model = model(&golden);
    let features = model.encoder().forward(&golden["input"].to_kind(Kind::BFloat16)).unwrap();
    assert_eq!(features.kind(), Kind::BFloat16);
    let off = difference(&features.to_kind(Kind::Float), &golden["features"]);
    assert!(off < 0.05, "{off}");
    // and is really another format
    assert!(off > 1e-4, "{off}");
}
