//! The network: rings of twelve numbers to rings that turn as they do, and to numbers that no turn changes.
//!
//! A linear map of rings that does not care about the key is a circular convolution, and so a complex matrix for
//! each of the seven frequencies of the turn. Rings are `[12, n, rings]` here, their spectra `[7, n, rings]`.

use songscape_resnet::{Declaration, Init, Parameters};
use tch::{Kind, Tensor};

use super::params::LearnedParams;
use crate::baseline::changes::{CHANGES, CHANGES_ANY_KEY};
use crate::error::Result;
use crate::rings::CLASSES;

/// Rings of chroma changes.
pub(super) const RINGS: usize = CHANGES / CLASSES;
/// Frequencies of a turn.
const TURNS: usize = CHANGES_ANY_KEY / RINGS;

/// What is trained: the first matrix as what it adds to that of the whitening.
pub(super) fn trained(params: &LearnedParams) -> Vec<Declaration> {
    let LearnedParams { products, outputs, .. } = *params;
    let uniform = |inputs: usize| Init::Uniform { bound: (inputs as f32).sqrt().recip() };
    let normal = Init::Normal { deviation: (2.0 * RINGS as f32).sqrt().recip() };
    vec![
        // Complex ones first: they must begin at even places of the buffer.
        declare("first", &[TURNS, RINGS, RINGS, 2], Init::Zeros),
        declare("left", &[TURNS, RINGS, products, 2], normal),
        declare("right", &[TURNS, RINGS, products, 2], normal),
        declare("products", &[2 * products, outputs], uniform(2 * products)),
        declare("magnitudes", &[TURNS * RINGS, outputs], uniform(TURNS * RINGS)),
        declare("bias", &[outputs], Init::Zeros),
    ]
}

/// What is kept in the end: the first matrix with the whitening in it, what rings are relative to, and how the
/// magnitudes of chroma changes are whitened.
pub(super) fn kept(params: &LearnedParams) -> Vec<Declaration> {
    let mut declared = trained(params);
    declared.extend([
        declare("mean", &[CLASSES, 1, RINGS], Init::Zeros), // the same for all classes of a ring
        declare("beside.mean", &[1, CHANGES_ANY_KEY], Init::Zeros),
        declare("beside.matrix", &[CHANGES_ANY_KEY, CHANGES_ANY_KEY], Init::Zeros),
    ]);
    declared
}

fn declare(name: &str, shape: &[usize], init: Init) -> Declaration {
    Declaration { name: name.into(), shape: shape.into(), init }
}

/// What comes out of the network.
#[derive(Debug)]
pub(super) struct Outputs {
    /// Rings `[12, n, rings]` with a mean square of 1.
    pub rings: Tensor,
    /// Their spectra `[7, n, rings]`.
    pub spectra: Tensor,
    /// Numbers that no turn changes, `[n, outputs]`.
    pub numbers: Tensor,
}

/// From chroma changes, relative to their mean, `[12, n, rings]`; `first` is the first matrix.
pub(super) fn forward(parameters: &Parameters, first: &Tensor, rings: &Tensor) -> Result<Outputs> {
    let rings = to_rings(&to_spectra(rings)?.f_matmul(first)?)?;
    let square = rings.f_square()?.f_mean_dim([0, 2].as_slice(), true, Kind::Float)?;
    let rings = rings.f_mul(&square.f_add_scalar(1e-9)?.f_rsqrt()?)?;
    let spectra = to_spectra(&rings)?;
    let of = |name: &str| -> Result<Tensor> {
        to_rings(&spectra.f_matmul(&parameters.get(name)?.f_view_as_complex()?)?)
    };
    let (left, right) = (of("left")?, of("right")?);
    let products = Tensor::f_cat(&[left.f_mul(&right)?, left.f_relu()?.f_square()?], 2)?;
    let products = products.f_mean_dim([0].as_slice(), false, Kind::Float)?;
    let magnitudes = spectra.f_abs()?.f_permute([1, 0, 2])?.f_flatten(1, 2)?;
    let numbers = parameters.get("bias")?.f_addmm(&products, &parameters.get("products")?)?;
    let numbers = numbers.f_add(&magnitudes.f_matmul(&parameters.get("magnitudes")?)?)?;
    Ok(Outputs { rings, spectra, numbers })
}

/// Rows `[n, rings · 12]` as rings `[12, n, rings]`.
pub(super) fn rings_of(rows: &[f32]) -> Result<Tensor> {
    let rings = Tensor::f_from_slice(rows)?.f_view([-1, RINGS as i64, CLASSES as i64])?;
    Ok(rings.f_permute([2, 0, 1])?)
}

/// The matrices `[7, rings, rings]` by which spectra are multiplied when their rings are by `matrix`
/// `[rings · 12, rings · 12]`, which treats all keys alike.
pub(super) fn spectrum(matrix: &[f64]) -> Result<Tensor> {
    let rings = (matrix.len() as f64).sqrt() as i64 / CLASSES as i64;
    let (all, classes) = (Tensor::f_from_slice(matrix)?, CLASSES as i64);
    // What C of one ring adds to each class of another.
    let kernels = all.f_view([rings, classes, rings, classes])?.f_select(1, 0)?;
    let spectra = kernels.f_fft_rfft(None::<i64>, 2, "backward")?;
    Ok(spectra.f_permute([2, 0, 1])?.f_contiguous()?.f_to_kind(Kind::ComplexFloat)?)
}

/// The Fourier transform over the turn.
pub(super) fn to_spectra(rings: &Tensor) -> Result<Tensor> {
    Ok(rings.f_fft_rfft(None::<i64>, 0, "ortho")?)
}

/// And back.
pub(super) fn to_rings(spectra: &Tensor) -> Result<Tensor> {
    Ok(spectra.f_fft_irfft(CLASSES as i64, 0, "ortho")?)
}

/// The best of the cosines of the rings in twelve keys, `[n, n]`, of the first half of the spectra with the
/// second; a smooth maximum, so that all keys have a gradient.
pub(super) fn in_any_key(spectra: &Tensor) -> Result<Tensor> {
    /// How near to the maximum.
    const SHARPNESS: f64 = 30.0;
    let n = spectra.size3()?.1 / 2;
    let (a, b) = (spectra.f_narrow(1, 0, n)?, spectra.f_narrow(1, n, n)?);
    let products = a.f_matmul(&b.f_transpose(1, 2)?.f_conj()?)?;
    // The square of the length of all rings is that of their mean square, 1, times their count.
    let cosines = products.f_fft_irfft(CLASSES as i64, 0, "forward")?;
    let scaled = cosines.f_mul_scalar(SHARPNESS / CHANGES as f64)?;
    Ok(scaled.f_logsumexp([0].as_slice(), false)?.f_div_scalar(SHARPNESS)?)
}

/// How far rows and columns are from finding each other on the diagonal of similarities `[n, n]`: their
/// cross-entropies, the mean.
pub(super) fn missed(similarities: &Tensor) -> Result<Tensor> {
    let [rows, columns] = [1, 0].map(|d| similarities.f_logsumexp([d].as_slice(), false));
    let all = rows?.f_add(&columns?)?.f_mul_scalar(0.5)?;
    Ok(all.f_sub(&similarities.f_diagonal(0, 0, 1)?)?.f_mean(Kind::Float)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use approx::assert_abs_diff_eq;
    use ndarray::{Array2, ArrayView2, Axis, concatenate};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use tch::Device;

    use super::*;
    use crate::rings::transposed;
    use crate::whitening::{RIDGE, Whitening};

    fn small() -> LearnedParams {
        LearnedParams { products: 8, outputs: 5, ..LearnedParams::default() }
    }

    fn rows(n: usize, columns: usize) -> Array2<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        Array2::from_shape_fn((n, columns), |_| rng.random_range(-1.0..1.0))
    }

    /// Of random parameters.
    fn outputs(rows: &Array2<f32>) -> Outputs {
        let parameters = Parameters::new(&trained(&small()), Device::Cpu, 1).unwrap();
        let eye = Tensor::eye(RINGS as i64, (Kind::ComplexFloat, Device::Cpu));
        let first = eye.unsqueeze(0).repeat([TURNS as i64, 1, 1]);
        let rows = rows.as_standard_layout();
        forward(&parameters, &first, &rings_of(rows.as_slice().unwrap()).unwrap()).unwrap()
    }

    fn largest(x: &Tensor) -> f64 {
        x.abs().max().double_value(&[])
    }

    #[test]
    fn rings_turn_and_numbers_do_not() {
        let low = rows(3, CHANGES);
        let high = transposed(low.view(), 5).unwrap();
        let (low, high) = (outputs(&low), outputs(&high));
        assert!(largest(&(low.rings.roll([5], [0]) - &high.rings)) < 1e-4);
        assert!(largest(&(&low.numbers - &high.numbers)) < 1e-4 * largest(&low.numbers));
        // Different songs are different in both.
        assert!(largest(&(low.rings.select(1, 0) - low.rings.select(1, 1))) > 0.1);
        assert!(largest(&(low.numbers.get(0) - low.numbers.get(1))) > 1e-3);
    }

    #[test]
    fn the_whitening_by_spectra_is_that_of_all_keys() {
        let x = rows(40, 36);
        let keys: Vec<Array2<f32>> = (0..12).map(|k| transposed(x.view(), k).unwrap()).collect();
        let keys: Vec<ArrayView2<f32>> = keys.iter().map(Array2::view).collect();
        let all = concatenate(Axis(0), &keys).unwrap();
        let expected = Whitening::fit(all.view(), RIDGE).unwrap().apply(x.view()).unwrap();

        let (mean, matrix) = Whitening::fit_in_any_key(x.view(), RIDGE).unwrap().parts();
        let centred = &x.mapv(f64::from) - &mean;
        let values: Vec<f64> = centred.iter().copied().collect();
        let rings = Tensor::from_slice(&values).view([40, 3, 12]).permute([2, 0, 1]);
        let matrix: Vec<f64> = matrix.iter().copied().collect();
        let first = spectrum(&matrix).unwrap();
        let white = to_spectra(&rings.to_kind(Kind::Float)).unwrap().matmul(&first);
        let white = to_rings(&white).unwrap().permute([1, 2, 0]).reshape([-1]);
        let white = Array2::from_shape_vec((40, 36), Vec::<f32>::try_from(white).unwrap()).unwrap();
        assert_abs_diff_eq!(white, expected, epsilon = 1e-4);
    }

    #[test]
    fn recordings_in_other_keys_are_alike_in_any_key() {
        let low = rows(4, CHANGES);
        let high = transposed(low.view(), 7).unwrap();
        let both = concatenate(Axis(0), &[low.view(), high.view()]).unwrap();
        let found = in_any_key(&outputs(&both).spectra).unwrap();
        assert_eq!(found.size(), [4, 4]);
        // The maximum is smooth, and so a little above it: by the logarithm of 12 at most.
        let own = found.diagonal(0, 0, 1);
        assert!(own.min().double_value(&[]) > 0.999 && own.max().double_value(&[]) < 1.09);
        let others = found - Tensor::eye(4, (Kind::Float, Device::Cpu)) * 2.0;
        assert!(others.max().double_value(&[]) < 0.9);
        // The definition: what does not know which is which has the logarithm of their number.
        let none = missed(&Tensor::zeros([4, 4], (Kind::Float, Device::Cpu))).unwrap();
        assert!((none.double_value(&[]) - 4f64.ln()).abs() < 1e-6);
        let sure = Tensor::eye(4, (Kind::Float, Device::Cpu)) * 50.0;
        assert!(missed(&sure).unwrap().double_value(&[]) < 1e-6);
    }
}
