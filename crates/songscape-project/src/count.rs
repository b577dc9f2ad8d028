/// A count with its unit, which is given in the singular and gets an `s`: `1 song`, `2 songs`.
///
/// ```
/// use songscape_project::counted;
///
/// assert_eq!((counted(1, "file"), counted(0_u64, "file")), ("1 file".into(), "0 files".into()));
/// ```
pub fn counted<N: std::fmt::Display + PartialEq + From<u8>>(count: N, unit: &str) -> String {
    let s = if count == N::from(1) { "" } else { "s" };
    format!("{count} {unit}{s}")
}
