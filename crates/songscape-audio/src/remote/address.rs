//! Which addresses are read.

/// What songs are read from. The first ones can be written to as well.
const SCHEMES: [&str; 10] =
    ["s3", "s3a", "gs", "az", "adl", "azure", "abfs", "abfss", "http", "https"];

/// Asks that the object at an address can be fetched.
///
/// # Errors
/// Why not, without what may be a password.
pub(crate) fn check(address: &str) -> Result<(), String> {
    let (scheme, rest) = address.split_once("://").unwrap_or_default();
    let named = format!("an address ({scheme})");
    if cfg!(not(feature = "object-store")) {
        return Err(format!(
            "{named}, expected a file: this program was built without the feature `object-store`"
        ));
    }
    let scheme = scheme.to_ascii_lowercase();
    if !SCHEMES.contains(&scheme.as_str()) {
        let known = SCHEMES.join(", ");
        return Err(format!("{named}, expected a file or an address with one of {known}"));
    }
    if rest.contains(['?', '#']) {
        return Err(format!(
            "{named} with `?` or `#`, expected none: in a name they are written %3F and %23, and signed \
             addresses are not read"
        ));
    }
    let (authority, name) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.is_empty() || name.is_empty() {
        return Err(format!("{named} of no object, expected {scheme}://PLACE/NAME"));
    }
    // The container of `abfss://container@account.dfs.core.windows.net` is no secret.
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    if user.is_some_and(|user| !scheme.starts_with("abfs") || user.contains(':')) {
        return Err(format!(
            "{named} with a name or password, expected none: credentials are taken from the environment"
        ));
    }
    Ok(())
}

/// Whether an address may hold what nobody else should read: a password, or a signature.
pub(crate) fn has_secret(address: &str) -> bool {
    address.contains(['?', '@'])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    #[cfg(feature = "object-store")]
    fn addresses_that_are_not_read_are_named() {
        let container = "abfss://music@account.dfs.core.windows.net/a.mp3";
        for read in ["s3://b/a b.mp3", "GS://b/k", "https://h:8443/a%3F.mp3", "az://c/k", container]
        {
            check(read).unwrap();
        }
        let refused = |address: &str| check(address).unwrap_err();
        assert!(
            refused("ftp://h/a").starts_with("an address (ftp), expected a file or an address")
        );
        for nothing in ["s3://bucket", "s3://bucket/", "gs:///k"] {
            assert!(refused(nothing).contains(") of no object, expected "), "{nothing}");
        }
        let signed = refused("https://h/a.mp3?X-Amz-Signature=5ec3e7");
        assert!(signed.contains("`?`") && !signed.contains("5ec3e7"), "{signed}");
        for password in ["https://me:5ec3e7@h/a", "s3://key@b/k", "abfs://a:5ec3e7@b/k"] {
            let refused = refused(password);
            assert!(refused.contains("password, expected none"), "{refused}");
            assert!(!refused.contains("5ec3e7"), "{refused}");
        }
    }

    #[test]
    #[cfg(not(feature = "object-store"))]
    fn without_the_feature_it_is_named() {
        let refused = check("s3://b/a.mp3").unwrap_err();
        assert!(refused.starts_with("an address (s3), expected a file"), "{refused}");
        assert!(refused.ends_with("the feature `object-store`"), "{refused}");
    }
}
