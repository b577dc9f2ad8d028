//! The colours of all figures and of the map.

/// An 8-bit sRGB colour.
pub type Rgb = [u8; 3];

/// Songs in no cluster.
pub const NO_CLUSTER: Rgb = [17, 17, 17];

/// Colours of the clusters 0 to 29.
///
/// Chosen one after the other, each the farthest from all before it in Oklab (Ottosson 2020), where
/// the distance is the smallest of four: as seen, and under protanopia, deuteranopia and tritanopia
/// (Machado, Oliveira and Fernandes 2009, severity 1), with black, mid-grey and white taken from
/// the start; no colour is more vivid than Oklab chroma 0.21. So any first n of them are told apart about as well as n colours can be; a test keeps
/// the distances.
pub const CLUSTERS: [Rgb; 30] = [
    [0x00, 0x78, 0xb4],
    [0xb4, 0xb4, 0x00],
    [0x5a, 0x4b, 0x00],
    [0x00, 0xc3, 0xff],
    [0xa5, 0x78, 0x2d],
    [0x0f, 0x4b, 0x78],
    [0xe1, 0xd2, 0xa5],
    [0xf0, 0x87, 0xa5],
    [0x00, 0x96, 0xff],
    [0x00, 0x4b, 0xc3],
    [0x87, 0x5a, 0x69],
    [0x96, 0xe1, 0xf0],
    [0xa5, 0xe1, 0x1e],
    [0xb4, 0x96, 0x5a],
    [0x87, 0x00, 0x5a],
    [0x96, 0x87, 0xc3],
    [0x5a, 0x69, 0x1e],
    [0x78, 0x5a, 0xe1],
    [0xe1, 0xb4, 0x78],
    [0xa5, 0xa5, 0xd2],
    [0x87, 0x1e, 0x96],
    [0xa5, 0x4b, 0x96],
    [0xf0, 0x4b, 0x87],
    [0x78, 0x4b, 0x4b],
    [0x96, 0x69, 0x5a],
    [0xb4, 0x69, 0xe1],
    [0xd2, 0x87, 0x00],
    [0x87, 0xd2, 0xc3],
    [0xff, 0x87, 0xf0],
    [0x96, 0x00, 0x78],
];

/// Clusters beyond those that a figure can show.
pub const OTHERS: Rgb = [0xd9, 0xd9, 0xd9];

/// The colour of a cluster: [`NO_CLUSTER`] below 0; from cluster 30 on the colours come again.
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

/// `a` with the share `t` in `[0, 1]` of `b` in it.
pub(crate) fn mix(a: Rgb, b: Rgb, t: f64) -> Rgb {
    std::array::from_fn(|i| (f64::from(a[i]) * (1.0 - t) + f64::from(b[i]) * t).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Matrix = [[f64; 3]; 3];
    const SEEN: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    const PROTANOPIA: Matrix = [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ];
    const DEUTERANOPIA: Matrix = [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ];
    const TRITANOPIA: Matrix = [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ];
    const LMS: Matrix = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ];
    const LAB: Matrix = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ];

    fn times(m: &Matrix, v: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|i| (0..3).map(|j| m[i][j] * v[j]).sum())
    }

    fn oklab(colour: Rgb, view: &Matrix) -> [f64; 3] {
        let linear = colour.map(|c| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        });
        let seen = times(view, linear).map(|c| c.clamp(0.0, 1.0));
        times(&LAB, times(&LMS, seen).map(f64::cbrt))
    }

    fn smallest_distance(n: usize, view: &Matrix) -> f64 {
        let mut colours = vec![oklab(NO_CLUSTER, view), oklab([255; 3], view)];
        colours.extend(CLUSTERS[..n].iter().map(|&c| oklab(c, view)));
        let mut smallest = f64::INFINITY;
        for i in 0..colours.len() {
            for j in 0..i {
                let square: f64 = (0..3).map(|k| (colours[i][k] - colours[j][k]).powi(2)).sum();
                smallest = smallest.min(square.sqrt());
            }
        }
        smallest
    }

    #[test]
    fn clusters_are_told_apart_by_colour_blind_readers() {
        for (n, least) in [(10, 0.075), (17, 0.065), (30, 0.039)] {
            for view in [&SEEN, &PROTANOPIA, &DEUTERANOPIA, &TRITANOPIA] {
                let found = smallest_distance(n, view);
                assert!(found > least, "{n} colours come as close as {found}");
            }
        }
    }

    #[test]
    fn years_grow_lighter() {
        let lightness: Vec<f64> =
            (0..=50).map(|i| oklab(year(f64::from(i) / 50.0), &SEEN)[0]).collect();
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
