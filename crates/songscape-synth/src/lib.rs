//! Six decades of synthetic music: dated songs in overlapping styles, deterministic from a seed.
