//! Music files to spectrogram images: catalog, decoding, resampling, and a store of grayscale images.
