//! Names for songs.

use std::collections::HashSet;
use std::path::Path;

/// Characters of the file's name that an id keeps, so that every file system takes it.
const LONGEST: usize = 48;

/// Hands out ids, each only once.
#[derive(Default)]
pub(super) struct Ids {
    taken: HashSet<String>,
}

impl Ids {
    /// The id of a path relative to the library's root: lower-case ASCII words of the file's name,
    /// then eight digits of a hash of the path. It depends on nothing else, unless two hashes
    /// collide: then the later song gets more digits.
    pub(super) fn assign(&mut self, relative: &Path) -> String {
        let parts: Vec<_> = relative.iter().map(|part| part.as_encoded_bytes()).collect();
        let hash = blake3::hash(&parts.join(&b'/')).to_hex();
        let words = slug(&relative.file_stem().unwrap_or_default().to_string_lossy());
        let mut digits = 8;
        loop {
            let id = format!("{words}-{}", &hash[..digits]);
            if digits == hash.len() || self.taken.insert(id.clone()) {
                return id;
            }
            digits += 8;
        }
    }
}

/// ASCII letters and digits in lower case, everything else as single hyphens between them.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for word in name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(&word.to_ascii_lowercase());
    }
    slug.truncate(LONGEST);
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "song".into() } else { slug.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_words() {
        assert_eq!(slug("01 - Ça plane pour moi (Live!)"), "01-a-plane-pour-moi-live");
        assert_eq!(slug("../<b>\"x\"&;\n"), "b-x");
        assert_eq!(slug("夜に駆ける"), "song");
        assert_eq!(slug(&"ab ".repeat(40)).len(), 47);
    }

    #[test]
    fn the_same_name_in_two_folders_gives_two_ids() {
        let mut ids = Ids::default();
        let first = ids.assign(Path::new("a/intro.mp3"));
        let second = ids.assign(Path::new("b/intro.mp3"));
        assert_ne!(first, second);
        assert_eq!(first, Ids::default().assign(Path::new("a/intro.mp3")));
        assert_eq!(first.len(), "intro-".len() + 8);
        // The same path twice stands for a collision of the hash.
        assert_eq!(ids.assign(Path::new("a/intro.mp3")).len(), "intro-".len() + 16);
    }
}
