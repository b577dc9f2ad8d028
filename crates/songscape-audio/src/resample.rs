//! Sample-rate conversion of a mono stream, in blocks.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Indexing, Resampler as _, WindowFunction};

use crate::error::Problem;

/// The least length of a block in samples of the input. The filter against aliasing then passes
/// from everything to nothing within some hundreds of hertz below half the lower rate.
const BLOCK: usize = 2048;

/// Converts a mono stream to another sample rate.
///
/// A band-limited FFT converter; its delay is taken out, so that sample `i` of the output belongs
/// to the time `i / to` of the input, and the output has `round(n · to / from)` samples for `n` of
/// input. Equal rates pass through untouched.
pub struct Resampler {
    from: u32,
    to: u32,
    inner: Option<Inner>,
}

struct Inner {
    fft: Fft<f32>,
    input: Vec<f32>,
    output: Vec<f32>,
    delay: usize,
    read: u64,
    written: u64,
}

impl std::fmt::Debug for Resampler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { from, to, .. } = self;
        f.debug_struct("Resampler").field("from", from).field("to", to).finish_non_exhaustive()
    }
}

impl Resampler {
    /// A converter from one rate to another, both in Hz.
    ///
    /// # Errors
    /// [`Problem::Resample`] when there is no converter for these rates.
    pub fn new(from: u32, to: u32) -> Result<Self, Problem> {
        if from == to {
            return Ok(Self { from, to, inner: None });
        }
        // Blocks come in multiples of `step`. An even multiple makes the output's block even, and
        // the delay, which is half of it, whole.
        let step = from / greatest_common_divisor(from, to).max(1);
        let block = step as usize * 2 * BLOCK.div_ceil(2 * step.max(1) as usize);
        let fft = Fft::new_custom(
            from as usize,
            to as usize,
            block,
            1,
            1,
            WindowFunction::BlackmanHarris2,
            FixedSync::Both,
        )
        .map_err(|e| Problem::Resample { from, to, reason: e.to_string() })?;
        let inner = Inner {
            input: Vec::with_capacity(fft.input_frames_next()),
            output: vec![0.0; fft.output_frames_max()],
            delay: fft.output_delay(),
            fft,
            read: 0,
            written: 0,
        };
        Ok(Self { from, to, inner: Some(inner) })
    }

    /// The rate of the input in Hz.
    pub(crate) fn from(&self) -> u32 {
        self.from
    }

    /// Takes the next samples and hands on what is ready.
    ///
    /// # Errors
    /// Those of `sink`, and [`Problem::Resample`].
    pub fn push(
        &mut self,
        mut samples: &[f32],
        sink: &mut dyn FnMut(&[f32]) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let Some(inner) = &mut self.inner else { return sink(samples) };
        inner.read += samples.len() as u64;
        while !samples.is_empty() {
            let wanted = inner.fft.input_frames_next() - inner.input.len();
            let (now, later) = samples.split_at(wanted.min(samples.len()));
            inner.input.extend_from_slice(now);
            samples = later;
            if inner.input.len() == inner.fft.input_frames_next() {
                inner.convert(self.from, self.to, u64::MAX, sink)?;
            }
        }
        Ok(())
    }

    /// Ends the stream and hands on the rest.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn finish(
        mut self,
        sink: &mut dyn FnMut(&[f32]) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let Some(inner) = &mut self.inner else { return Ok(()) };
        let (from, to) = (u128::from(self.from), u128::from(self.to));
        let total = ((u128::from(inner.read) * to + from / 2) / from) as u64;
        while inner.written < total {
            inner.convert(self.from, self.to, total, sink)?;
        }
        Ok(())
    }
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

impl Inner {
    /// Converts one block, zeros in place of missing samples, up to `total` samples of output.
    fn convert(
        &mut self,
        from: u32,
        to: u32,
        total: u64,
        sink: &mut dyn FnMut(&[f32]) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let refused = |reason: String| Problem::Resample { from, to, reason };
        let indexing = Indexing::new().partial_len(self.input.len());
        self.input.resize(self.fft.input_frames_next(), 0.0);
        let input = InterleavedSlice::new(&self.input, 1, self.input.len())
            .map_err(|e| refused(e.to_string()))?;
        let frames = self.output.len();
        let mut output = InterleavedSlice::new_mut(&mut self.output, 1, frames)
            .map_err(|e| refused(e.to_string()))?;
        let (_, count) = self
            .fft
            .process_into_buffer(&input, &mut output, Some(&indexing))
            .map_err(|e| refused(e.to_string()))?;
        self.input.clear();

        let start = self.delay.min(count);
        self.delay -= start;
        let ready = &self.output[start..count];
        let left = usize::try_from(total - self.written).unwrap_or(usize::MAX);
        let ready = &ready[..ready.len().min(left)];
        self.written += ready.len() as u64;
        if ready.is_empty() { Ok(()) } else { sink(ready) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn convert(input: &[f32], from: u32, to: u32, block: usize) -> Vec<f32> {
        let mut out = Vec::new();
        let mut resampler = Resampler::new(from, to).unwrap();
        let mut sink = |samples: &[f32]| {
            out.extend_from_slice(samples);
            Ok(())
        };
        for samples in input.chunks(block) {
            resampler.push(samples, &mut sink).unwrap();
        }
        resampler.finish(&mut sink).unwrap();
        out
    }

    fn tone(rate: u32, seconds: f64) -> Vec<f32> {
        let step = std::f64::consts::TAU * 997.0 / f64::from(rate);
        (0..(seconds * f64::from(rate)) as usize).map(|i| (step * i as f64).sin() as f32).collect()
    }

    #[test]
    fn a_tone_keeps_its_phase_length_and_level_at_every_rate() {
        for from in [8_000, 11_025, 22_050, 32_000, 44_101, 48_000, 96_000, 192_000] {
            let input = tone(from, 1.5);
            let out = convert(&input, from, 44_100, 1000);
            let want = tone(44_100, 1.5);
            let length = (input.len() as f64 * 44_100.0 / f64::from(from)).round() as usize;
            assert_eq!(out.len(), length, "{from}");
            let worst = out[4000..62_000]
                .iter()
                .zip(&want[4000..62_000])
                .fold(0.0_f32, |worst, (a, b)| worst.max((a - b).abs()));
            assert!(worst < 1e-3, "{from}: {worst}");
        }
    }

    #[test]
    fn the_cut_into_blocks_does_not_matter() {
        let input = tone(48_000, 0.5);
        let whole = convert(&input, 48_000, 44_100, usize::MAX);
        assert_eq!(whole, convert(&input, 48_000, 44_100, 1));
        assert_eq!(whole, convert(&input, 48_000, 44_100, 1152));
        assert_eq!(input, convert(&input, 48_000, 48_000, 100));
    }
}
