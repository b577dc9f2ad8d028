//! A residual network for music spectrograms with position embeddings along frequency, on libtorch.
