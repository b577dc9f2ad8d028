//! The page: one HTML file with its data, style and program inside.

mod data;
mod escape;
mod methods;
mod page;
mod results;
mod story;

pub(crate) use page::{Content, Shown, page};
