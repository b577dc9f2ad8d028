//! Invented names: artists and titles from word lists, unique by construction.

use crate::random::Draw;

const FIRST: [&str; 40] = [
    "Ada", "Bram", "Celia", "Dario", "Edda", "Felix", "Greta", "Hal", "Ines", "Jonas", "Kaya",
    "Lorne", "Mina", "Nils", "Odile", "Pavel", "Quinn", "Rosa", "Silas", "Tess", "Ugo", "Vera",
    "Wendel", "Xenia", "Yann", "Zelda", "Abel", "Bette", "Cosmo", "Delia", "Emeric", "Flora",
    "Gideon", "Hester", "Ivo", "June", "Kasper", "Lena", "Milo", "Nora",
];
const LAST: [&str; 40] = [
    "Amberley",
    "Birchwood",
    "Calloway",
    "Dunmore",
    "Eastlake",
    "Fairweather",
    "Goldring",
    "Harrow",
    "Inglewood",
    "Juniper",
    "Kestrel",
    "Lockhart",
    "Merriden",
    "Northgate",
    "Oakes",
    "Pemberly",
    "Quillon",
    "Ravenna",
    "Sandoval",
    "Thorne",
    "Underhill",
    "Vance",
    "Whitlock",
    "Yarrow",
    "Zimmer",
    "Ashdown",
    "Bellamy",
    "Cordova",
    "Delacroix",
    "Emberton",
    "Foxley",
    "Grantham",
    "Hollis",
    "Ivers",
    "Jessop",
    "Kingsley",
    "Lindqvist",
    "Marlowe",
    "Novak",
    "Orsini",
];
const BAND: [&str; 40] = [
    "Lanterns",
    "Harbours",
    "Paper Foxes",
    "Railways",
    "Tin Stars",
    "Copper Hearts",
    "Weathermen",
    "Night Buses",
    "Glass Gardens",
    "Satellites",
    "Marigolds",
    "Lighthouses",
    "Velvet Owls",
    "Cartographers",
    "Wild Pears",
    "Elevators",
    "Sundials",
    "Aqueducts",
    "Blue Ministers",
    "Typewriters",
    "Salt Wolves",
    "Parasols",
    "Radiators",
    "Comets",
    "Ferrymen",
    "Kites",
    "Metronomes",
    "Postcards",
    "Orchards",
    "Mirrors",
    "Clockmakers",
    "Tideways",
    "Magnets",
    "Swallows",
    "Almanacs",
    "Bicycles",
    "Corridors",
    "Embers",
    "Fountains",
    "Geometers",
];
const ADJECTIVE: [&str; 48] = [
    "Silver",
    "Distant",
    "Hollow",
    "Golden",
    "Restless",
    "Crooked",
    "Gentle",
    "Electric",
    "Broken",
    "Sudden",
    "Quiet",
    "Burning",
    "Faded",
    "Hidden",
    "Long",
    "Lonely",
    "Midnight",
    "Northern",
    "Open",
    "Paper",
    "Perfect",
    "Rainy",
    "Sacred",
    "Secret",
    "Shallow",
    "Slow",
    "Small",
    "Southern",
    "Stolen",
    "Strange",
    "Summer",
    "Tender",
    "Thousandth",
    "Under",
    "Velvet",
    "Violet",
    "Wandering",
    "Warm",
    "Wayward",
    "Weightless",
    "White",
    "Wild",
    "Winter",
    "Wooden",
    "Yellow",
    "Young",
    "Second",
    "Final",
];
const NOUN: [&str; 48] = [
    "Harbour",
    "River",
    "Letter",
    "Morning",
    "Avenue",
    "Signal",
    "Garden",
    "Mirror",
    "Shadow",
    "Station",
    "Ocean",
    "Dancer",
    "Promise",
    "Window",
    "Thunder",
    "Feather",
    "Engine",
    "Season",
    "Horizon",
    "Candle",
    "Machine",
    "Stranger",
    "Circle",
    "Valley",
    "Ladder",
    "Carousel",
    "Island",
    "Message",
    "Corner",
    "Fever",
    "Parade",
    "Lullaby",
    "Anthem",
    "Rumour",
    "Skyline",
    "Anchor",
    "Balcony",
    "Compass",
    "Diamond",
    "Elegy",
    "Fable",
    "Glacier",
    "Hurricane",
    "Jubilee",
    "Kingdom",
    "Lantern",
    "Meadow",
    "Novel",
];
const PATTERN: [&str; 8] = [
    "{a} {n}",
    "The {a} {n}",
    "{a} {n} Blues",
    "Dance the {a} {n}",
    "No More {a} {n}",
    "My {a} {n}",
    "{n} of the {a}",
    "{a} Like a {n}",
];

/// Titles and artist names under one seed: entry `i` of a shuffled list of all combinations.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    title: usize,
    artist: usize,
}

impl Names {
    pub(crate) fn new(draw: &mut Draw) -> Self {
        Self { title: draw.below(1 << 20), artist: draw.below(1 << 20) }
    }

    /// The title of song `i`; all titles are different.
    pub(crate) fn title(&self, i: usize) -> String {
        let all = PATTERN.len() * ADJECTIVE.len() * NOUN.len();
        // A stride without common factors with the number of combinations visits all of them.
        let n = (self.title + i * 7_919) % all;
        let (pattern, rest) = (n % PATTERN.len(), n / PATTERN.len());
        // Offsetting the noun by the pattern keeps neighbours from sharing words.
        let (adjective, noun) = (rest % ADJECTIVE.len(), rest / ADJECTIVE.len());
        let title =
            PATTERN[pattern].replace("{a}", ADJECTIVE[adjective]).replace("{n}", NOUN[noun]);
        numbered(title, i / all)
    }

    /// The name of artist `i`; all names are different.
    pub(crate) fn artist(&self, i: usize) -> String {
        let pairs = FIRST.len() * LAST.len();
        // Two persons for one band.
        let (round, kind) = (i / 3, i % 3);
        if kind == 2 {
            let name = format!("The {}", BAND[(self.artist + round * 7) % BAND.len()]);
            return numbered(name, round / BAND.len());
        }
        let n = (self.artist + (2 * round + kind) * 641) % pairs;
        let name = format!("{} {}", FIRST[n % FIRST.len()], LAST[n / FIRST.len()]);
        numbered(name, (2 * round + kind) / pairs)
    }
}

fn numbered(name: String, round: usize) -> String {
    if round == 0 { name } else { format!("{name} {}", round + 1) }
}

/// A name as it can stand in a file name: lower case, words joined by hyphens.
pub(crate) fn slug(name: &str) -> String {
    name.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::random::{Purpose, stream};

    #[test]
    fn names_are_unique_even_beyond_the_combinations() {
        let names = Names::new(&mut stream(4, Purpose::Names, 0));
        let titles: HashSet<String> = (0..40_000).map(|i| names.title(i)).collect();
        assert_eq!(titles.len(), 40_000);
        let artists: HashSet<String> = (0..3_000).map(|i| names.artist(i)).collect();
        assert_eq!(artists.len(), 3_000);
    }

    #[test]
    fn slugs_are_safe() {
        assert_eq!(slug("No More Silver River 2"), "no-more-silver-river-2");
    }
}
