//! The colours of all figures and of the map.

/// An 8-bit sRGB colour.
pub type Rgb = [u8; 3];

/// Unclustered songs.
pub const NO_CLUSTER: Rgb = [17, 17, 17];

/// Colours of clusters.
///
/// Chosen one after the other from an even grid, each far from all before it in Oklab (Ottosson 2020),
/// where the distance is the smallest of four: as seen, and under protanopia, deuteranopia and
/// tritanopia (Machado, Oliveira and Fernandes 2009, severity 1), with black, mid-grey and white taken
/// from the start. Among colours nearly as distinct, the one whose hue is farthest from the last six
/// was taken, so that the first few are of many hues. All have a contrast of at least 1.75 on white, and
/// an Oklab chroma of at most 0.21. So any first n of them are told apart about as well as n colours can
/// be; tests keep distances, contrast and hues.
pub const CLUSTERS: [Rgb; 30] = [
    [0x0f, 0x5a, 0xc3],
    [0xff, 0xb4, 0x2d],
    [0x78, 0x2d, 0x3c],
    [0x00, 0xd2, 0xd2],
    [0xc3, 0x78, 0xf0],
    [0x1e, 0xa5, 0x00],
    [0x3c, 0x2d, 0x87],
    [0xa5, 0x3c, 0x00],
    [0x87, 0x4b, 0x78],
    [0xb4, 0xb4, 0x87],
    [0x78, 0xa5, 0xb4],
    [0xd2, 0x1e, 0x4b],
    [0x5a, 0x3c, 0x69],
    [0x3c, 0x69, 0xf0],
    [0xf0, 0x69, 0x00],
    [0xb4, 0x5a, 0xb4],
    [0x96, 0x96, 0x69],
    [0x3c, 0x69, 0x3c],
    [0x69, 0xb4, 0xe1],
    [0xd2, 0x87, 0x96],
    [0x4b, 0x3c, 0xa5],
    [0xff, 0x96, 0x5a],
    [0xff, 0x87, 0xff],
    [0xd2, 0xc3, 0x87],
    [0x5a, 0x78, 0x5a],
    [0x00, 0x96, 0xd2],
    [0x87, 0x00, 0x00],
    [0x78, 0x69, 0xd2],
    [0x87, 0xb4, 0xb4],
    [0xb4, 0x2d, 0x96],
];

/// Clusters beyond those that a figure can show.
pub const OTHERS: Rgb = [0xd9, 0xd9, 0xd9];

/// The colour of a cluster, only by its number: [`NO_CLUSTER`] below 0; from cluster 30 on the colours come
/// again. Figures and map choose among [`CLUSTERS`] so that clusters side by side differ most.
pub fn cluster(number: i32) -> Rgb {
    usize::try_from(number).map_or(NO_CLUSTER, |number| CLUSTERS[number % CLUSTERS.len()])
}

/// Stops of the year scale, dark to light, evenly spaced: the map *viridis* (Smith and van der Walt
/// 2015), which grows evenly lighter and keeps its order for colour-blind readers and in grey.
pub const YEARS: [Rgb; 9] = [
    [0x44, 0x01, 0x54],
    [0x47, 0x2d, 0x7b],
    [0x3b, 0x52, 0x8b],
    [0x2c, 0x72, 0x8e],
    [0x21, 0x91, 0x8c],
    [0x28, 0xae, 0x80],
    [0x5e, 0xc9, 0x62],
    [0xad, 0xdc, 0x30],
    [0xfd, 0xe7, 0x25],
];

/// The colour at `t` in `[0, 1]` of the year scale; values outside are clamped.
pub fn year(t: f64) -> Rgb {
    let at = t.clamp(0.0, 1.0) * (YEARS.len() - 1) as f64;
    let low = (at.floor() as usize).min(YEARS.len() - 2);
    mix(YEARS[low], YEARS[low + 1], at - low as f64)
}

/// How much white is in a colour on a dark page: those of clusters are then seen there, and told apart better
/// than without or with more.
pub(crate) const LIFT: f64 = 0.15;

/// The colour of a cluster on a dark page.
pub(crate) fn lifted(colour: Rgb) -> Rgb {
    mix(colour, [255; 3], LIFT)
}

/// `a` with the share `t` in `[0, 1]` of `b` in it.
pub(crate) fn mix(a: Rgb, b: Rgb, t: f64) -> Rgb {
    std::array::from_fn(|i| (f64::from(a[i]) * (1.0 - t) + f64::from(b[i]) * t).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::vision::{VIEWS, contrast, distance, oklab};

    #[test]
    fn clusters_are_told_apart_by_colour_blind_readers() {
        for (n, least) in [(7, 0.107), (10, 0.092), (17, 0.065), (30, 0.039)] {
            let mut colours = vec![NO_CLUSTER, [255; 3]];
            colours.extend(&CLUSTERS[..n]);
            for (i, &one) in colours.iter().enumerate() {
                for &other in &colours[..i] {
                    let found = distance(one, other);
                    assert!(found > least, "{one:?} and {other:?} are as close as {found}");
                }
            }
        }
    }

    /// `--back` of the dark page, and its unclustered songs.
    const DARK_PAGE: Rgb = [0x14, 0x16, 0x1a];
    const DARK_NO_CLUSTER: Rgb = [0x96; 3];

    #[test]
    fn clusters_are_told_apart_on_a_dark_page() {
        for (n, least) in [(7, 0.09), (10, 0.08), (17, 0.045), (30, 0.025)] {
            let mut colours = vec![DARK_NO_CLUSTER, DARK_PAGE];
            colours.extend(CLUSTERS[..n].iter().copied().map(lifted));
            for (i, &one) in colours.iter().enumerate() {
                for &other in &colours[..i] {
                    let found = distance(one, other);
                    assert!(found > least, "{one:?} and {other:?} are as close as {found}");
                }
            }
        }
    }

    #[test]
    fn clusters_are_seen_on_their_page_and_of_many_hues() {
        for colour in CLUSTERS {
            assert!(contrast(colour, [255; 3]) >= 1.75, "{colour:?}");
            assert!(contrast(lifted(colour), DARK_PAGE) >= 2.25, "{colour:?}");
        }
        let hue = |colour: &Rgb| {
            let [_, a, b] = oklab(*colour, &VIEWS[0]);
            b.atan2(a).to_degrees()
        };
        let mut hues: Vec<f64> = CLUSTERS[..7].iter().map(hue).collect();
        hues.sort_by(f64::total_cmp);
        let around = hues[0] + 360.0;
        let gaps = hues.iter().zip(hues[1..].iter().chain([&around])).map(|(a, b)| b - a);
        let widest = gaps.fold(0.0, f64::max);
        assert!(widest < 95.0, "no hue within {widest} degrees");
    }

    #[test]
    fn years_grow_lighter() {
        let lightness: Vec<f64> =
            (0..=50).map(|i| oklab(year(f64::from(i) / 50.0), &VIEWS[0])[0]).collect();
        assert!(lightness.windows(2).all(|w| w[1] > w[0]));
    }

    #[test]
    fn any_number_has_a_colour() {
        assert_eq!(cluster(-1), NO_CLUSTER);
        assert_eq!(cluster(31), CLUSTERS[1]);
        assert_eq!(year(f64::NEG_INFINITY), YEARS[0]);
        assert_eq!(year(2.0), YEARS[8]);
    }
}
