//! The processes of one training.

use std::ops::Range;

use tch::{Device, Kind, Tensor};

use crate::checkpoint::{Identity, difference};
use crate::error::{Error, Result};

/// Processes that train one network together. All call the same methods in the same order, with tensors of
/// the same kind and size that are contiguous.
///
/// `songscape-c10d` has one over torch's c10d; [`Alone`] is one process.
pub trait Group {
    /// The number of this process, from 0.
    fn rank(&self) -> usize;

    /// The number of processes.
    fn size(&self) -> usize;

    /// Replaces a tensor by the sum over all processes, with the same bits in each.
    ///
    /// # Errors
    /// [`Error::Group`] when a process is gone or late.
    fn sum(&self, tensor: &Tensor) -> Result<()>;

    /// The tensors `[n, ...]` of all processes by rank, as `[size · n, ...]`.
    ///
    /// # Errors
    /// As [`sum`](Self::sum).
    fn gather(&self, own: &Tensor) -> Result<Tensor>;

    /// Replaces a tensor by that of rank 0.
    ///
    /// # Errors
    /// As [`sum`](Self::sum).
    fn broadcast(&self, tensor: &Tensor) -> Result<()>;
}

/// One process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Alone;

impl Group for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn sum(&self, _tensor: &Tensor) -> Result<()> {
        Ok(())
    }

    fn gather(&self, own: &Tensor) -> Result<Tensor> {
        Ok(own.shallow_clone())
    }

    fn broadcast(&self, _tensor: &Tensor) -> Result<()> {
        Ok(())
    }
}

/// The part of `count` things that is this process's own. Parts differ by at most one.
pub(crate) fn share(group: &dyn Group, count: usize) -> Range<usize> {
    part(group.rank(), group.size(), count)
}

fn part(rank: usize, size: usize, count: usize) -> Range<usize> {
    rank * count / size..(rank + 1) * count / size
}

/// The rows `[count, ...]` of all processes in order, of which each has its [`share`].
pub(crate) fn gather_rows(group: &dyn Group, own: &Tensor, count: usize) -> Result<Tensor> {
    let size = group.size();
    if size == 1 {
        return Ok(own.shallow_clone());
    }
    // Some have one row less: they send one of zeros.
    let most = count.div_ceil(size) as i64;
    let mut shape = own.size();
    shape[0] = most - own.size()[0];
    let filling = Tensor::f_zeros(&shape, (own.kind(), own.device()))?;
    let all = group.gather(&Tensor::f_cat(&[own, &filling], 0)?.f_contiguous()?)?;
    let parts = (0..size).map(|rank| {
        let rows = part(rank, size, count).len() as i64;
        all.f_narrow(0, rank as i64 * most, rows)
    });
    Ok(Tensor::f_cat(&parts.collect::<Result<Vec<_>, _>>()?, 0)?)
}

/// Bytes of rank 0, or that it has none.
pub(crate) fn broadcast_bytes(group: &dyn Group, own: Option<Vec<u8>>) -> Result<Option<Vec<u8>>> {
    if group.size() == 1 {
        return Ok(own);
    }
    let own = own.filter(|_| group.rank() == 0);
    let length = Tensor::f_from_slice(&[own.as_ref().map_or(-1, |bytes| bytes.len() as i64)])?;
    group.broadcast(&length)?;
    let length = length.f_int64_value(&[0])?;
    let Ok(count) = usize::try_from(length) else { return Ok(None) };
    let content = match &own {
        Some(bytes) => Tensor::f_from_slice(bytes)?,
        None => Tensor::f_zeros([length], (Kind::Uint8, Device::Cpu))?,
    };
    group.broadcast(&content)?;
    match own {
        Some(bytes) => Ok(Some(bytes)),
        None => {
            let mut bytes = vec![0; count];
            content.f_copy_data_u8(&mut bytes, count)?;
            Ok(Some(bytes))
        }
    }
}

/// Whether all processes are about to train the same.
///
/// # Errors
/// [`Error::OtherRank`] in all of them: in one that differs it names what.
pub(crate) fn agree(group: &dyn Group, own: &Identity) -> Result<()> {
    if group.size() == 1 {
        return Ok(());
    }
    let text = serde_json::to_vec(own).expect("numbers and names are JSON");
    let first = broadcast_bytes(group, Some(text))?.unwrap_or_default();
    // What cannot be read comes from another version.
    let field = match serde_json::from_slice::<Identity>(&first) {
        Ok(first) => difference(&first, own),
        Err(_) => Some("version".into()),
    };
    let differs = Tensor::f_from_slice(&[i64::from(field.is_some())])?;
    match (field, first_of(&group.gather(&differs)?)?) {
        (Some(field), _) => Err(Error::OtherRank { rank: group.rank(), field }),
        (None, Some(rank)) => Err(Error::OtherRank { rank, field: "training".into() }),
        (None, None) => Ok(()),
    }
}

/// Whether all processes still have the same network: the bits of a hash decide.
///
/// # Errors
/// [`Error::Apart`] in all of them.
pub(crate) fn together(group: &dyn Group, parameters: &Tensor, step: usize) -> Result<()> {
    if group.size() == 1 {
        return Ok(());
    }
    let bytes = crate::checkpoint::bytes(parameters)?;
    let hash = blake3::hash(&bytes);
    let hash = Tensor::f_from_slice(hash.as_bytes())?.f_unsqueeze(0)?;
    let all = group.gather(&hash)?;
    let differs = all.f_ne_tensor(&all.f_narrow(0, 0, 1)?)?.f_any_dim(1, false)?;
    match first_of(&differs.f_to_kind(Kind::Int64)?)? {
        Some(rank) => Err(Error::Apart { rank, step }),
        None => Ok(()),
    }
}

/// The first place of a number that is not 0.
fn first_of(numbers: &Tensor) -> Result<Option<usize>> {
    let mut all = vec![0_i64; numbers.numel()];
    numbers.f_copy_data(&mut all, numbers.numel())?;
    Ok(all.iter().position(|number| *number != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_differ_by_at_most_one() {
        for size in 1..9 {
            for count in 0..40 {
                let parts: Vec<_> = (0..size).map(|rank| part(rank, size, count)).collect();
                assert!(parts.windows(2).all(|two| two[0].end == two[1].start));
                assert!(parts[0].start == 0 && parts[size - 1].end == count);
                let lengths = || parts.iter().map(Range::len);
                assert!(lengths().max() <= lengths().min().map(|least| least + 1));
            }
        }
    }
}
