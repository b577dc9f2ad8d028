//! The figures and the interactive map of a music analysis.
