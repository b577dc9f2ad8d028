//! Arrays for results that are used again.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::Array2;
use num_complex::Complex;

use super::zeros;
use crate::Error;
use crate::real::Real;

/// Arrays of one shape that wait to be used again. New memory of the operating system costs more
/// than a whole transform: it is handed out page by page, as it is first written.
pub(crate) struct Pool<T> {
    free: Mutex<Vec<Array2<Complex<T>>>>,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { free: Mutex::default() }
    }
}

impl<T> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

impl<T: Real> Pool<T> {
    /// An array of this shape, with whatever values it had.
    pub fn take(self: &Arc<Self>, rows: usize, columns: usize) -> Result<Output<T>, Error> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let place = free.iter().position(|array| array.dim() == (rows, columns));
        let array = match place {
            Some(place) => free.swap_remove(place),
            None => zeros(rows, columns)?,
        };
        Ok(Output { array, pool: Arc::clone(self) })
    }
}

/// An array `[rows, samples]` for results, which goes back to its plan when it is dropped, to be
/// used again: [`CwtPlan::output`](crate::CwtPlan::output). Its values are those of its last use.
pub struct Output<T: Real> {
    array: Array2<Complex<T>>,
    pool: Arc<Pool<T>>,
}

impl<T: Real> fmt::Debug for Output<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("shape", &self.array.dim()).finish_non_exhaustive()
    }
}

impl<T: Real> Deref for Output<T> {
    type Target = Array2<Complex<T>>;

    fn deref(&self) -> &Self::Target {
        &self.array
    }
}

impl<T: Real> DerefMut for Output<T> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.array
    }
}

impl<T: Real> Drop for Output<T> {
    fn drop(&mut self) {
        let array = std::mem::take(&mut self.array);
        // The caller may have put another array in its place.
        if !array.is_empty() {
            self.pool.free.lock().unwrap_or_else(PoisonError::into_inner).push(array);
        }
    }
}
