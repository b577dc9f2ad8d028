//! Self-supervised music analysis: the facade of the Songscape crates.
