//! Whether something fits onto a disk before it is written.

use std::path::Path;

use crate::error::{Error, Result};

/// Holds the bytes that are to be written into a folder against those that are free there.
///
/// # Errors
/// [`Error::DiskSpace`] with both numbers, [`Error::Io`] when the system does not tell.
pub(crate) fn check_room(folder: &Path, needed: u64) -> Result<()> {
    let available = fs4::available_space(folder).map_err(Error::io(folder))?;
    if needed > available {
        return Err(Error::DiskSpace { path: folder.into(), needed, available });
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_with_both_numbers() {
        let folder = tempfile::tempdir().unwrap();
        check_room(folder.path(), 1).unwrap();
        let error = check_room(folder.path(), u64::MAX).unwrap_err();
        let Error::DiskSpace { available, .. } = error else { panic!("{error}") };
        assert!(available > 0);
        let message = error.to_string();
        let expected = format!("need {} bytes and {available} bytes are free", u64::MAX);
        assert!(message.contains(&expected), "{message}");
    }
}
