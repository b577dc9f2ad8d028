//! Losses and gradients against values from float64 PyTorch (see `tests/data/README.md`).
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::path::Path;

use songscape_contrastive::{Error, loss};
use tch::Tensor;

fn golden() -> HashMap<String, Tensor> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/losses.safetensors");
    Tensor::read_safetensors(path).unwrap().into_iter().collect()
}

/// The largest difference relative to the largest value.
fn difference(found: &Tensor, expected: &Tensor) -> f64 {
    assert_eq!(found.size(), expected.size());
    let scale = expected.abs().max().double_value(&[]);
    (found - expected).abs().max().double_value(&[]) / scale
}

fn check(name: &str, loss: impl Fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor, Error>) {
    let golden = golden();
    let leaf = |name: &str| golden[name].copy().set_requires_grad(true);
    let (a, b) = (leaf("a"), leaf("b"));
    let value = loss(&a, &b, &golden["queue"]).unwrap();
    assert!(difference(&value.view([1]), &golden[name]) < 1e-4);
    let gradients = Tensor::run_backward(&[value], &[&a, &b], false, false);
    assert!(difference(&gradients[0], &golden[&format!("{name}.grad_a")]) < 1e-4);
    assert!(difference(&gradients[1], &golden[&format!("{name}.grad_b")]) < 1e-4);
}

#[test]
fn nt_xent_is_that_of_the_reference() {
    check("ntxent_t0.1", |a, b, _| loss::nt_xent(a, b, 0.1));
}

#[test]
fn the_decoupled_loss_is_that_of_the_reference() {
    check("dcl_t0.1", |a, b, _| loss::decoupled(a, b, 0.1));
}

#[test]
fn the_published_loss_is_that_of_the_reference() {
    check("seed_nce_t0.07", |a, b, queue| loss::binary_nce(a, b, queue, None, 0.07));
}

#[test]
fn the_sigmoid_loss_is_its_formula_and_teaches_its_scale_and_bias() {
    let golden = golden();
    let values = Tensor::from_slice(&[10f32.ln(), -10.0]).set_requires_grad(true);
    let (a, b) = (&golden["a"], &golden["b"]);
    let found = loss::sigmoid(a, b, &values).unwrap();
    let unit = |x: &Tensor| x / x.square().sum_dim_intlist([1].as_slice(), true, None).sqrt();
    let cosines = unit(a).matmul(&unit(b).transpose(0, 1));
    let expected = |scale: f64, bias: f64| {
        let cost = |i: i64, j: i64| {
            let logit = scale * cosines.double_value(&[i, j]) + bias;
            (if i == j { -logit } else { logit }).exp().ln_1p()
        };
        (0..144).map(|k| cost(k / 12, k % 12)).sum::<f64>() / 12.0
    };
    let value = f64::try_from(&found).unwrap();
    assert!((value - expected(10.0, -10.0)).abs() < 1e-4, "{value}");
    let gradient = Tensor::run_backward(&[found], &[&values], false, false).remove(0);
    let by_scale = (expected(10.0 * 1e-3f64.exp(), -10.0) - value) / 1e-3;
    let by_bias = (expected(10.0, -10.0 + 1e-3) - value) / 1e-3;
    assert!((gradient.double_value(&[0]) - by_scale).abs() < 0.01 * by_scale.abs() + 1e-3);
    assert!((gradient.double_value(&[1]) - by_bias).abs() < 0.01 * by_bias.abs() + 1e-3);
}

#[test]
fn vectors_of_norm_one_have_no_norm_loss() {
    let features = Tensor::from_slice(&[0.6_f32, 3.0, 0.8, 4.0]).view([1, 2, 2]);
    // Norms 1 and 5: (0 + 16) / 2.
    let found = loss::unit_norm(&features).unwrap().double_value(&[]);
    assert!((found - 8.0).abs() < 1e-5, "{found}");
}
