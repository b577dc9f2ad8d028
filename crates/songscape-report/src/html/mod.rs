//! The page: one HTML file with its style, its program and, unless the songs are very many, its data inside.

mod colour;
mod data;
mod escape;
mod methods;
mod page;
mod results;
mod story;

pub(crate) use page::{Content, PARTS, Page, Shown, page};
