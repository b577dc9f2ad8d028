//! Colours of clusters in what the page draws without its program. The style lifts them on a dark page.

use crate::palette::Rgb;

/// The attributes of an SVG shape that is filled with a cluster's colour.
pub(super) fn filled([r, g, b]: Rgb) -> String {
    format!("color=\"#{r:02x}{g:02x}{b:02x}\" fill=\"currentColor\"")
}

/// A dot in a cluster's colour.
pub(super) fn dot(colour: Rgb) -> String {
    format!(
        "<svg width=\"12\" height=\"12\" viewBox=\"0 0 12 12\" aria-hidden=\"true\"><circle cx=\"6\" cy=\"6\" \
         r=\"6\" {}/></svg>",
        filled(colour)
    )
}

#[cfg(test)]
mod tests {
    use crate::palette::LIFT;

    #[test]
    fn a_dark_page_lifts_colours_as_its_map_does() {
        let style = include_str!("style.css");
        let rule = format!(
            "[data-theme=\"dark\"] [fill=\"currentColor\"] {{ fill: color-mix(in srgb, currentcolor {:.0}%, white); }}",
            100.0 * (1.0 - LIFT)
        );
        assert!(style.contains(&rule), "{rule}");
    }
}
