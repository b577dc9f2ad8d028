//! Every array of the golden cases, in both precisions.
#![allow(clippy::unwrap_used)]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::{Array, Array1, Array2, ArrayView2, Axis, Dimension, Ix0, Ix1};
use ndarray_npy::{NpzReader, ReadableElement};
use num_complex::{Complex, Complex64};
use songscape_ssq::{
    CwtParams, Real, RidgeParams, SsqParams, SsqPlan, Wavelet, Weights, icwt, issq,
    phase_transform, ridges, squeeze, wavelet,
};

struct Case {
    name: String,
    wavelet: Arc<dyn Wavelet>,
    params: SsqParams,
    npz: NpzReader<File>,
}

impl Case {
    fn open(path: &Path) -> Self {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let parts: Vec<&str> = name.split("__").collect();
        let wavelet = wavelet::by_name(parts[1]).unwrap();
        let mut npz = NpzReader::new(File::open(path).unwrap()).unwrap();
        let fs: Array<f64, Ix0> = npz.by_name("fs.npy").unwrap();
        let (scales, voices) = match parts[1] {
            "gmw" => ("log-piecewise", 32.0),
            "morlet" => ("log", 16.0),
            _ => ("log:maximal", 16.0),
        };
        let cwt = CwtParams {
            sampling_rate: fs.into_scalar(),
            wavelet: Arc::clone(&wavelet),
            scales: scales.parse().unwrap(),
            voices,
            padding: parts[2].parse().unwrap(),
            ..Default::default()
        };
        Self { name, wavelet, params: SsqParams { cwt, ..Default::default() }, npz }
    }

    fn array<A: ReadableElement, D: Dimension>(&mut self, name: &str) -> Array<A, D> {
        self.npz.by_name(&format!("{name}.npy")).unwrap()
    }
}

/// All 30 cases where they lie beside the repository, else the few that lie in it.
fn cases() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = here.join("../../../shared/reference/ssq");
    let folder = if beside.is_dir() {
        beside
    } else {
        eprintln!("{} is not there: only the cases in tests/data", beside.display());
        here.join("tests/data")
    };
    let mut paths: Vec<PathBuf> = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| is_case(path))
        .collect();
    paths.sort();
    assert!(paths.len() >= 3);
    paths
}

/// Cases are called `signal__wavelet__padding.npz`; other references lie beside them.
fn is_case(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".npz") && name.contains("__")
}

/// Largest difference, relative to the largest reference value.
fn worst<'a>(
    ours: impl IntoIterator<Item = Complex64>,
    reference: impl IntoIterator<Item = &'a Complex64>,
) -> f64 {
    let (mut difference, mut largest, mut count) = (0f64, 0f64, 0);
    let mut ours = ours.into_iter();
    for r in reference {
        difference = difference.max((ours.next().unwrap() - r).norm());
        largest = largest.max(r.norm());
        count += 1;
    }
    assert!(ours.next().is_none() && count > 0);
    difference / largest
}

fn real(values: &[f64]) -> Vec<Complex64> {
    values.iter().map(|x| Complex64::new(*x, 0.0)).collect()
}

fn wide<T: Real>(z: &Complex<T>) -> Complex64 {
    Complex64::new(z.re.wide(), z.im.wide())
}

fn at_columns<T: Real>(array: ArrayView2<'_, Complex<T>>, columns: &[usize]) -> Array2<Complex64> {
    array.select(Axis(1), columns).map(wide)
}

struct Tolerance {
    coefficients: f64,
    omega: f64,
    omega_above: f64,
    moved: f64,
    sums: f64,
    squeezed_sums: f64,
    squeezed_energies: f64,
}

fn check<T: Real>(path: &Path, tolerance: &Tolerance) {
    let mut case = Case::open(path);
    let x: Array1<f64> = case.array("x");
    let signal: Vec<T> = x.iter().map(|x| T::of(*x)).collect();
    let plan = SsqPlan::<T>::new(&case.params, signal.len()).unwrap();
    let name = case.name.clone();

    let scales: Array1<f64> = case.array("scales");
    assert_eq!(plan.cwt().rows(), scales.len(), "{name}");
    for (ours, reference) in plan.cwt().scales().values().iter().zip(&scales) {
        assert!((ours / reference - 1.0).abs() < 1e-14, "{name}: {ours} {reference}");
    }
    let frequencies: Array1<f64> = case.array("ssq_freqs");
    for (ours, reference) in plan.bins().frequencies().iter().zip(&frequencies) {
        assert!((ours / reference - 1.0).abs() < 1e-14, "{name}: {ours} {reference}");
    }

    let columns: Array1<i64> = case.array("cols");
    let columns: Vec<usize> = columns.iter().map(|c| *c as usize).collect();
    let (w, d) = plan.cwt().transform_with_derivative(&signal).unwrap();
    assert_eq!(plan.cwt().transform(&signal).unwrap(), w);
    let wx: Array2<Complex64> = case.array("Wx");
    let dwx: Array2<Complex64> = case.array("dWx");
    let error = worst(at_columns(w.view(), &columns), &wx);
    assert!(error < tolerance.coefficients, "{name}: Wx {error:e}");
    let error = worst(at_columns(d.view(), &columns), &dwx);
    assert!(error < tolerance.coefficients, "{name}: dWx {error:e}");

    let omega = phase_transform(w.view(), d.view(), None).unwrap();
    let reference: Array2<f64> = case.array("w");
    let largest = wx.iter().map(|z| z.norm()).fold(0.0, f64::max);
    let sampled = omega.select(Axis(1), &columns);
    for ((ours, reference), w) in sampled.iter().zip(&reference).zip(&wx) {
        if w.norm() > tolerance.omega_above * largest {
            let error = (ours.wide() / reference - 1.0).abs();
            assert!(error < tolerance.omega, "{name}: w {error:e}");
        }
    }

    let t = plan.transform(&signal).unwrap();
    let steps = plan.cwt().scales().log_steps();
    let apart = squeeze(w.view(), omega.view(), steps, plan.bins(), Weights::Sum).unwrap();
    let tx: Array2<Complex64> = case.array("Tx");
    let largest = tx.iter().map(|z| z.norm()).fold(0.0, f64::max);
    for (way, t) in [("in one pass", &t), ("apart", &apart)] {
        let ours = at_columns(t.view(), &columns);
        let moved = ours.iter().zip(&tx).filter(|(a, b)| (*a - *b).norm() > 1e-9 * largest);
        let moved = moved.count();
        let most = tolerance.moved * tx.len() as f64;
        assert!(moved as f64 <= most, "{name}, {way}: {moved} entries moved");
        let error = worst(ours.sum_axis(Axis(0)), &tx.sum_axis(Axis(0)));
        assert!(error < tolerance.squeezed_sums, "{name}, {way}: column sums {error:e}");
    }

    let values: Array1<f64> = case.array("icwt");
    let ours = icwt(w.view(), plan.cwt().scales(), case.wavelet.as_ref()).unwrap();
    let ours: Vec<f64> = ours.into_iter().map(Real::wide).collect();
    let error = worst(real(&ours), &real(values.as_slice().unwrap()));
    assert!(error < tolerance.sums, "{name}: icwt {error:e}");
    let values: Array1<f64> = case.array("issq");
    let ours = issq(t.view(), case.wavelet.as_ref()).unwrap();
    let ours: Vec<f64> = ours.into_iter().map(Real::wide).collect();
    let error = worst(real(&ours), &real(values.as_slice().unwrap()));
    assert!(error < tolerance.squeezed_sums, "{name}: issq {error:e}");

    // Energies of rows may move to the next row with their entries: they count at the scale of all.
    let energy = |array: &Array2<Complex<T>>, axis| {
        real(array.map(|z| z.norm_sqr().wide()).sum_axis(Axis(axis)).as_slice().unwrap())
    };
    for (key, ours) in [
        ("Wrow", energy(&w, 1)),
        ("Wcol", energy(&w, 0)),
        ("Trow", energy(&t, 1)),
        ("Tcol", energy(&t, 0)),
    ] {
        let reference: Array<f64, Ix1> = case.array(key);
        let error = worst(ours, &real(reference.as_slice().unwrap()));
        let least = if key.starts_with('W') { tolerance.sums } else { tolerance.squeezed_energies };
        assert!(error < least, "{name}: {key} {error:e}");
    }
}

/// First ridges, where there is one: the reference has no ridge for an impulse, and loses its way
/// where crossing chirps meet.
#[test]
fn ridges_of_single_components() {
    let mut compared = 0;
    for path in cases() {
        let mut case = Case::open(&path);
        if !["tone", "lchirp", "echirp"].iter().any(|s| case.name.starts_with(s))
            || !case.name.contains("gmw")
        {
            continue;
        }
        let x: Array1<f64> = case.array("x");
        let plan = SsqPlan::<f64>::new(&case.params, x.len()).unwrap();
        let x = x.as_slice().unwrap();
        let (w, t) = (plan.cwt().transform(x).unwrap(), plan.transform(x).unwrap());
        let pairs =
            [("ridge_W", w, plan.cwt().frequencies()), ("ridge_T", t, plan.bins().frequencies())];
        for (key, transform, frequencies) in pairs {
            let reference: Array2<i32> = case.array(key);
            let ours = &ridges(transform.view(), &frequencies, &RidgeParams::default()).unwrap()[0];
            let middle = x.len() / 8..x.len() * 7 / 8;
            let count = middle.len();
            let near = middle.filter(|n| ours.rows[*n].abs_diff(reference[[*n, 0]] as usize) <= 1);
            let near = near.count();
            println!("{} {key}: {near} of {count}", case.name);
            assert!(near * 100 >= count * 99, "{} {key}: {near} of {count}", case.name);
            compared += 1;
        }
    }
    assert!(compared >= 2);
}

#[test]
fn double_precision() {
    let tolerance = Tolerance {
        coefficients: 1e-12,
        omega: 1e-7,
        omega_above: 1e-6,
        moved: 0.0,
        sums: 1e-12,
        squeezed_sums: 1e-12,
        // A coefficient on the very border of two bins may move.
        squeezed_energies: 1e-9,
    };
    for path in cases() {
        check::<f64>(&path, &tolerance);
    }
}

#[test]
fn single_precision() {
    let tolerance = Tolerance {
        coefficients: 1e-5,
        omega: 1e-3,
        omega_above: 1e-2,
        moved: 1.0,
        sums: 1e-5,
        // Coefficients below the threshold of this precision are left out.
        squeezed_sums: 1e-3,
        squeezed_energies: 0.15,
    };
    for path in cases() {
        check::<f32>(&path, &tolerance);
    }
}
