//! How programs end: 0 done; 1 fatal; 2 usage or configuration; 3 done, but some inputs failed;
//! 130 interrupted.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Error;
use songscape::{analysis, audio, report, ssq};

/// How a run ended that did not fail.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// With everything done.
    Done,
    /// With some inputs left out.
    LeftOut {
        /// How many.
        count: usize,
        /// The table that says which, and why.
        list: PathBuf,
    },
}

impl From<()> for End {
    fn from((): ()) -> Self {
        Self::Done
    }
}

/// Runs a program, says what went wrong, if anything did, and gives the exit code. When nobody reads its
/// output any more (`| head`), it ends without a word.
pub fn start<T: Into<End>, E: Into<Error>>(program: impl FnOnce() -> Result<T, E>) -> ExitCode {
    sigpipe::reset();
    match program().map(Into::into).map_err(Into::into) {
        Ok(End::Done) => ExitCode::SUCCESS,
        Ok(End::LeftOut { count, list }) => {
            let inputs = if count == 1 { "input" } else { "inputs" };
            eprintln!("{count} {inputs} failed, listed in {}", list.display());
            ExitCode::from(3)
        }
        Err(error) => {
            let code = exit_code(&error);
            if code == 130 {
                eprintln!(
                    "interrupted; nothing is half-written, run the same command again to go on"
                );
            } else {
                eprintln!("error: {}", in_one_line(&error));
            }
            ExitCode::from(code)
        }
    }
}

/// The exit code of an error.
pub fn exit_code(error: &Error) -> u8 {
    if is_interrupted(error) {
        130
    } else if is_configuration(error) {
        2
    } else {
        1
    }
}

/// Whether a parameter is to blame, or the folder was made with another one.
fn is_configuration(error: &Error) -> bool {
    #[cfg(feature = "pipeline")]
    if let Some(error) = error.downcast_ref() {
        return matches!(error, songscape::contrastive::Error::Parameter { .. });
    }
    #[cfg(feature = "pipeline")]
    if let Some(songscape::pipeline::Error::Project(error)) = error.downcast_ref() {
        return matches!(error, songscape::project::Error::OtherParameters { .. });
    }
    matches!(error.downcast_ref(), Some(analysis::Error::Parameter { .. }))
        || matches!(error.downcast_ref(), Some(audio::Error::Parameter { .. }))
        || matches!(
            error.downcast_ref(),
            Some(ssq::Error::Parameter { .. } | ssq::Error::Name { .. })
        )
}

fn is_interrupted(error: &Error) -> bool {
    #[cfg(feature = "pipeline")]
    if let Some(error) = error.downcast_ref::<songscape::pipeline::Error>() {
        return error.is_interrupted();
    }
    #[cfg(feature = "pipeline")]
    if let Some(error) = error.downcast_ref() {
        return matches!(error, songscape::contrastive::Error::Interrupted { .. });
    }
    matches!(error.downcast_ref(), Some(analysis::Error::Interrupted { .. }))
        || matches!(error.downcast_ref(), Some(audio::Error::Interrupted { .. }))
        || matches!(error.downcast_ref(), Some(report::Error::Interrupted))
}

/// The error and what caused it, each said once: some errors name their cause themselves.
fn in_one_line(error: &Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |text, cause| {
        if text.is_empty() {
            cause
        } else if text.contains(&cause) {
            text
        } else {
            format!("{text}: {cause}")
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_said_once() {
        let cause = std::io::Error::other("no room");
        let error = Error::new(cause).context("a.csv: no room").context("writing");
        assert_eq!(in_one_line(&error), "writing: a.csv: no room");
    }

    #[test]
    fn codes_tell_errors_apart() {
        let interrupted = analysis::Error::Interrupted { what: "boosting" };
        assert_eq!(exit_code(&Error::new(interrupted).context("years")), 130);
        assert_eq!(exit_code(&report::Error::Interrupted.into()), 130);
        let value = "0".into();
        let parameter = analysis::Error::Parameter { name: "dims", value, expected: "at least 1" };
        assert_eq!(exit_code(&parameter.into()), 2);
        let unknown = ssq::wavelet::by_name("nonsense").map(drop).unwrap_err();
        assert_eq!(exit_code(&unknown.into()), 2);
        assert_eq!(exit_code(&std::io::Error::other("no room").into()), 1);
        #[cfg(feature = "pipeline")]
        {
            use songscape::{pipeline, project};
            let (path, differences) = (PathBuf::new(), Vec::new());
            let other = project::Error::OtherParameters { path, differences };
            assert_eq!(exit_code(&pipeline::Error::Project(other).into()), 2);
            let locked = project::Error::Locked { path: PathBuf::new() };
            assert_eq!(exit_code(&pipeline::Error::Project(locked).into()), 1);
        }
    }
}
