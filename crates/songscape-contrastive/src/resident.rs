//! All songs on the device, as bytes, so that a crop never passes from host to device.

use tch::{Device, Kind, Tensor};

use crate::error::Result;
use crate::pairs::Songs;

/// The pixels of all songs on a device: a byte each, a quarter of what the network reads.
#[derive(Debug)]
pub(crate) struct Resident {
    /// `[columns of all songs, rows]`.
    pixels: Tensor,
    /// The first column of each song.
    firsts: Vec<i64>,
}

impl Resident {
    /// Copies the songs, one after the other, so that the host needs no room for all of them.
    ///
    /// # Errors
    /// [`Error::Network`](crate::Error::Network) when they do not fit.
    pub(crate) fn new(songs: &Songs, device: Device) -> Result<Self> {
        let rows = songs.rows() as i64;
        let total: i64 = (0..songs.len()).map(|song| songs.columns(song) as i64).sum();
        let pixels = Tensor::f_zeros([total, rows], (Kind::Uint8, device))?;
        let (mut firsts, mut first) = (Vec::with_capacity(songs.len()), 0);
        for song in 0..songs.len() {
            let columns = songs.columns(song) as i64;
            firsts.push(first);
            if columns > 0 {
                let own =
                    Tensor::f_from_data_size(songs.pixels(song), &[columns, rows], Kind::Uint8)?;
                pixels.f_narrow(0, first, columns)?.f_copy_(&own)?;
            }
            first += columns;
        }
        Ok(Self { pixels, firsts })
    }

    /// Crops of `columns` columns by their song and first column, `[n, columns, rows]` bytes, gathered
    /// in one operation.
    pub(crate) fn crops(&self, crops: &[(usize, usize)], columns: usize) -> Result<Tensor> {
        let device = self.pixels.device();
        let starts: Vec<i64> =
            crops.iter().map(|&(song, start)| self.firsts[song] + start as i64).collect();
        let starts = Tensor::f_from_slice(&starts)?.f_to_device(device)?.f_unsqueeze(1)?;
        let places = starts.f_add(&Tensor::f_arange(columns as i64, (Kind::Int64, device))?)?;
        let found = self.pixels.f_index_select(0, &places.f_view([-1])?)?;
        Ok(found.f_view([crops.len() as i64, columns as i64, self.pixels.size()[1]])?)
    }
}
