//! What a file is, before any decoder guesses: its format by its first bytes, where in it the
//! audio lies, and where its tags are.

mod flac;
mod format;
mod joined;
mod layout;
mod matroska;
mod mpeg;
mod nature;
mod ogg;
mod riff;
mod window;

pub(crate) use flac::plain_header;
pub(crate) use format::{Format, named_by_extension};
pub(crate) use joined::parted;
pub(crate) use layout::Layout;
pub(crate) use matroska::Segment;
pub(crate) use mpeg::refused as refused_mpeg;
pub(crate) use nature::{is_text, nature};
pub(crate) use ogg::Pages;
pub(crate) use riff::{Chunk, Wave, chunks};
pub(crate) use window::Window;
