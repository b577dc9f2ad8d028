//! The page: one HTML file with its data, style and program inside.

mod data;
mod escape;
mod page;
mod results;

pub(crate) use page::{Content, Shown, page};
