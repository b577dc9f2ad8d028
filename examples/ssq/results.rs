//! The transforms of every channel, and their files.

use std::path::Path;

use ndarray::{Array1, Array2, ArrayBase, ArrayView2, Axis, Data, Dimension, RemoveAxis};
use ndarray_npy::{WritableElement, WriteNpyExt};
use num_complex::Complex;
use songscape::Error;
use songscape::project::write_atomic;
use songscape::ssq::{self, Real, Sample, SsqPlan, Weights};

use crate::picture;

/// Channels in the picture, at most.
const MOST_DRAWN: usize = 4;

/// The real or the complex signal of a transform.
pub type Inverse<T, S> = fn(&SsqPlan<T>, ArrayView2<'_, Complex<T>>) -> Result<Vec<S>, ssq::Error>;

/// What is written, by channel.
pub struct Results<T, S> {
    wx: Vec<Array2<Complex<T>>>,
    dwx: Vec<Array2<Complex<T>>>,
    w: Vec<Array2<T>>,
    tx: Vec<Array2<Complex<T>>>,
    icwt: Vec<Array1<S>>,
    issq: Vec<Array1<S>>,
}

impl<T, S> Results<T, S>
where
    T: Real + WritableElement,
    S: Sample<T> + WritableElement,
    Complex<T>: WritableElement,
{
    /// The transforms of `[channels, samples]`, and the way back by `icwt` and `issq`.
    pub fn compute(
        plan: &SsqPlan<T>,
        signals: &Array2<S>,
        (icwt, issq): (Inverse<T, S>, Inverse<T, S>),
    ) -> Result<Self, Error> {
        let (wx, dwx, w, tx) = (vec![], vec![], vec![], vec![]);
        let mut all = Self { wx, dwx, w, tx, icwt: vec![], issq: vec![] };
        for signal in signals.outer_iter() {
            let signal = signal.to_vec();
            let (wx, dwx) = plan.cwt().transform_with_derivative(&signal)?;
            let w = ssq::phase_transform(wx.view(), dwx.view(), None)?;
            // A complex signal has two sides of bins, which the steps alone do not make.
            let tx = if wx.nrows() == plan.cwt().rows() {
                let steps = plan.cwt().scales().log_steps();
                ssq::squeeze(wx.view(), w.view(), steps, plan.bins(), Weights::Sum)?
            } else {
                plan.transform(&signal)?
            };
            all.icwt.push(Array1::from(icwt(plan, wx.view())?));
            all.issq.push(Array1::from(issq(plan, tx.view())?));
            all.wx.push(wx);
            all.dwx.push(dwx);
            all.w.push(w);
            all.tx.push(tx);
        }
        Ok(all)
    }

    /// Writes all arrays and a picture; with `each` the channels are the first axis.
    pub fn write(&self, folder: &Path, each: bool) -> Result<(), Error> {
        write_all(folder, "wx", &self.wx, each)?;
        write_all(folder, "dwx", &self.dwx, each)?;
        write_all(folder, "w", &self.w, each)?;
        write_all(folder, "tx", &self.tx, each)?;
        write_all(folder, "icwt", &self.icwt, each)?;
        write_all(folder, "issq", &self.issq, each)?;
        let pairs = self.wx.iter().zip(&self.tx).take(MOST_DRAWN);
        let panels: Vec<_> = pairs.flat_map(|(wx, tx)| [wx, tx]).collect();
        picture::draw(&folder.join("picture.png"), &panels)
    }
}

/// The arrays of all channels as one, with the channels as its first axis; or the only one as it is.
fn write_all<A, D>(
    folder: &Path,
    name: &str,
    channels: &[ndarray::Array<A, D>],
    each: bool,
) -> Result<(), Error>
where
    A: WritableElement + Clone,
    D: Dimension,
    D::Larger: RemoveAxis,
{
    if !each && let [only] = channels {
        return write(folder, name, only);
    }
    let views: Vec<_> = channels.iter().map(ArrayBase::view).collect();
    let all = ndarray::stack(Axis(0), &views).map_err(|e| Error::input(folder.join(name), e))?;
    write(folder, name, &all)
}

/// One array.
pub fn write<A: WritableElement, S: Data<Elem = A>, D: Dimension>(
    folder: &Path,
    name: &str,
    array: &ArrayBase<S, D>,
) -> Result<(), Error> {
    let path = folder.join(name).with_extension("npy");
    write_atomic(&path, |file| array.write_npy(file).map_err(std::io::Error::other))?;
    Ok(())
}
