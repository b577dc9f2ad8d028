//! The continuous wavelet transform and synchrosqueezing: wavelets, scales, transforms, inverses, ridges, and streamed spectrogram images.
