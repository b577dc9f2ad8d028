//! How programs end: 0 done; 1 fatal; 2 usage or configuration; 3 done, but some inputs failed;
//! 130 interrupted.

use std::fmt;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use songscape::Error;
use songscape::project::ErrorKind;

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
pub fn start<T: Into<End>>(program: impl FnOnce() -> Result<T, Error>) -> ExitCode {
    sigpipe::reset();
    match program().map(Into::into) {
        Ok(End::Done) => ExitCode::SUCCESS,
        Ok(End::LeftOut { count, list }) => {
            let inputs = if count == 1 { "input" } else { "inputs" };
            complain(format_args!(
                "{count} {inputs} could not be used, listed in {}",
                list.display()
            ));
            ExitCode::from(3)
        }
        Err(error) => {
            let code = exit_code(&error);
            match code {
                130 => complain(format_args!(
                    "interrupted; nothing is half-written: run the same command again to continue"
                )),
                _ => complain(format_args!("error: {error}")),
            }
            ExitCode::from(code)
        }
    }
}

/// The exit code of an error.
pub fn exit_code(error: &Error) -> u8 {
    match error.kind() {
        ErrorKind::Interrupted => 130,
        ErrorKind::Configuration => 2,
        _ => 1,
    }
}

/// Prints a line of output.
///
/// # Errors
/// When it cannot be written, as on a full device.
pub fn print(line: fmt::Arguments) -> Result<(), Error> {
    writeln!(std::io::stdout(), "{line}").map_err(Error::io("standard output"))
}

/// Says something about the run; where even that cannot be written, nobody is left to tell.
pub fn complain(line: fmt::Arguments) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use songscape::{analysis, project, report, ssq};

    use super::*;

    #[test]
    fn codes_tell_errors_apart() {
        let code = |error: Error| exit_code(&error);
        assert_eq!(code(analysis::Error::Interrupted { what: "boosting" }.into()), 130);
        assert_eq!(code(report::Error::Interrupted.into()), 130);
        assert_eq!(code(Error::Interrupted), 130);
        let (field, found) = ("dims", "0".into());
        let parameter = analysis::Error::Parameter { field, found, expected: "at least 1" };
        assert_eq!(code(parameter.into()), 2);
        let unknown = ssq::wavelet::by_name("nonsense").map(drop).expect_err("no wavelet");
        assert_eq!(code(unknown.into()), 2);
        let full = std::io::ErrorKind::StorageFull.into();
        assert_eq!(code(Error::io("out.csv")(full)), 1);
        let (path, differences) = (PathBuf::new(), Vec::new());
        assert_eq!(code(project::Error::OtherParameters { path, differences }.into()), 2);
        assert_eq!(code(project::Error::Locked { path: PathBuf::new() }.into()), 1);
        assert_eq!(code(Error::input("songs.csv", "no songs")), 1);
    }
}
