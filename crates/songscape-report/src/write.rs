use std::io::Write as _;
use std::path::{Path, PathBuf};

use songscape_project::{Job, Progress, remove_if_there, write_atomic, write_csv, write_json};

use crate::error::{Error, Result};
use crate::figures::{Figure, PLANS, Plan};
use crate::html::{self, Content, Page, Shown};
use crate::input::ReportInput;
use crate::tables::{self, Table};

/// What a report consists of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// All files, the page first.
    pub files: Vec<PathBuf>,
    /// The figures that the data does not allow.
    pub left_out: Vec<LeftOut>,
}

/// A figure that was not drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The figure, as its file would be named.
    pub figure: String,
    /// Why, as part of a sentence: `no song has a year`.
    pub why: String,
}

/// Writes the whole report into a folder: page, figures, tables, and `methods.json` where methods are
/// given. Files of an earlier report that this one leaves out are removed.
///
/// # Errors
/// What [`ReportInput::check`] finds; [`Error::Draw`], [`Error::Encode`] and [`Error::Project`] when a
/// file cannot be made; [`Error::Interrupted`].
pub fn write(
    folder: impl AsRef<Path>,
    input: &ReportInput,
    progress: &dyn Progress,
) -> Result<Written> {
    input.check()?;
    let folder = folder.as_ref();
    let job = Job::begin(progress, "report", PLANS.len() as u64 + 2, "files");
    let mut written = Written { files: vec![folder.join("index.html")], left_out: Vec::new() };
    let mut shown = Vec::new();
    for plan in &PLANS {
        if job.interrupted() {
            return Err(Error::Interrupted);
        }
        job.message(plan.name);
        shown.push(figure(folder, plan, input, &mut written)?);
        job.advance(1);
    }
    let mut files = Vec::new();
    for Table { file, header, rows } in tables::tables(input) {
        let name = format!("tables/{file}.csv");
        let path = folder.join(&name);
        if rows.is_empty() {
            remove_if_there(path)?;
            continue;
        }
        write_csv(&path, &header, &rows)?;
        written.files.push(path);
        files.push(name);
    }
    let methods = folder.join("methods.json");
    if input.methods.is_empty() {
        remove_if_there(&methods)?;
    } else {
        write_json(&methods, &input.methods)?;
        written.files.push(methods);
    }
    job.advance(1);
    if job.interrupted() {
        return Err(Error::Interrupted);
    }
    let Page { html, parts } = html::page(input, &shown, &files, &written.files[0])?;
    for (i, name) in html::PARTS.iter().enumerate() {
        let path = folder.join(name);
        match &parts {
            Some(parts) => {
                put(&path, parts[i].as_bytes())?;
                written.files.push(path);
            }
            None => remove_if_there(path)?,
        }
    }
    put(&written.files[0], html.as_bytes())?;
    job.advance(1);
    Ok(written)
}

fn figure(folder: &Path, plan: &Plan, input: &ReportInput, written: &mut Written) -> Result<Shown> {
    let path = |ending: &str| folder.join(format!("figures/{}.{ending}", plan.file));
    let (png, svg) = (path("png"), path("svg"));
    let content = match (plan.draw)(input) {
        Ok(mut figure) => {
            let drawn = figure.png().map_err(|reason| Error::Draw { path: png.clone(), reason })?;
            put(&png, &drawn)?;
            let drawn = figure.svg().map_err(|reason| Error::Draw { path: svg.clone(), reason })?;
            put(&svg, drawn.as_bytes())?;
            written.files.extend([png, svg]);
            let Figure { alternative, caption, .. } = &figure;
            let (alternative, caption) = (alternative.clone(), caption.clone());
            Ok(Content { size: figure.size(), alternative, caption })
        }
        Err(why) => {
            remove_if_there(&png)?;
            remove_if_there(&svg)?;
            written.left_out.push(LeftOut { figure: plan.file.into(), why: why.into() });
            Err(why)
        }
    };
    Ok(Shown { file: plan.file, name: plan.name, content })
}

fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    Ok(write_atomic(path, |file| file.write_all(bytes))?)
}
