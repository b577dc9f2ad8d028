//! A page with one pair of axes: data coordinates in, kuva's drawing primitives out.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kuva::backend::raster::RasterBackend;
use kuva::backend::svg::SvgBackend;
use kuva::render::color::Color;
use kuva::render::render::{PathData, Primitive, Scene, TextAnchor, TextSpan};

use super::picture::Picture;
use super::text::{text_width, thousands, wrap};
use crate::palette::{self, Rgb};

pub(super) const INK: Rgb = [0x22, 0x22, 0x22];
pub(super) const GREY: Rgb = [0x66, 0x66, 0x66];
/// Frames and ticks.
pub(super) const LINE: Rgb = [0x99; 3];
pub(super) const FAINT: Rgb = [0xe4, 0xe4, 0xe4];
pub(super) const WHITE: Rgb = [255; 3];
/// Measures that have nothing to do with clusters or years.
pub(super) const BLUE: Rgb = [0x00, 0x4f, 0x86];
pub(super) const LIGHT_BLUE: Rgb = [0x8d, 0xbb, 0xdb];
pub(super) const PALE_BLUE: Rgb = [0xb9, 0xd2, 0xe6];

pub(super) const TITLE: u32 = 20;
pub(super) const NOTE: u32 = 14;
pub(super) const LABEL: u32 = 15;
pub(super) const TICK: u32 = 13;

/// How many pixels of a PNG make one unit of the page.
pub(super) const PNG_SCALE: f32 = 2.0;
/// How many pixels, in each direction, are drawn for one of a PNG: the drawing crate leaves the edges of
/// shapes hard, their mean makes them soft.
pub(super) const FINER: usize = 2;
const REGULAR: &[u8] = include_bytes!("fonts/DejaVuSans.woff2");
const BOLD: &[u8] = include_bytes!("fonts/DejaVuSans-Bold.woff2");

/// Room around the axes, in page units.
#[derive(Debug, Clone, Copy)]
pub(super) struct Margins {
    pub left: f64,
    pub right: f64,
    pub bottom: f64,
}

/// A page, its axes' rectangle, and the data ranges that span it.
pub(super) struct Panel {
    scene: Scene,
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
    x: (f64, f64),
    y: (f64, f64),
    pictures: Vec<Picture>,
}

impl Panel {
    /// A page of `width` by `height` with a title and notes over the axes.
    pub fn new(
        (width, height): (f64, f64),
        margins: Margins,
        title: &str,
        notes: &[String],
        x: (f64, f64),
        y: (f64, f64),
    ) -> Self {
        let mut scene = Scene::new(width, height);
        scene.font_family = Some("DejaVu Sans, Verdana, sans-serif".into());
        let mut panel = Self {
            scene,
            left: margins.left,
            right: width - margins.right,
            top: 0.0,
            bottom: height - margins.bottom,
            x: widen(x),
            y: widen(y),
            pictures: Vec::new(),
        };
        let room = width - margins.left - 20.0;
        let mut line = 14.0 + f64::from(TITLE);
        for part in wrap(title, TITLE, room / 1.08) {
            panel.bold(margins.left, line, &part, TITLE);
            line += f64::from(TITLE) * 1.3;
        }
        line -= 4.0;
        for part in notes.iter().flat_map(|note| wrap(note, NOTE, room)) {
            panel.text((margins.left, line), &part, NOTE, TextAnchor::Start, GREY);
            line += f64::from(NOTE) * 1.45;
        }
        // Under the notes there is room for the name of the y axis.
        panel.top = line + 16.0;
        panel
    }

    /// Moves the axes to another place on the page: corners in page units, ranges in data. What was
    /// drawn stays.
    pub fn axes(
        &mut self,
        (left, top): (f64, f64),
        (right, bottom): (f64, f64),
        x: (f64, f64),
        y: (f64, f64),
    ) {
        (self.left, self.top, self.right, self.bottom) = (left, top, right, bottom);
        (self.x, self.y) = (widen(x), widen(y));
    }

    /// The page's x of a data value.
    pub fn px(&self, x: f64) -> f64 {
        self.left + (x - self.x.0) / (self.x.1 - self.x.0) * (self.right - self.left)
    }

    /// The page's y of a data value; larger values are higher up.
    pub fn py(&self, y: f64) -> f64 {
        self.bottom - (y - self.y.0) / (self.y.1 - self.y.0) * (self.bottom - self.top)
    }

    /// The rectangle around the axes.
    pub fn frame(&mut self) {
        let (left, top, right, bottom) = (self.left, self.top, self.right, self.bottom);
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
        self.line(&corners, LINE, 1.0);
    }

    /// Ticks with labels below the axes; with `grid`, lines up through them. Labels that would touch
    /// the one before are left out.
    pub fn x_ticks(&mut self, ticks: &[(f64, String)], grid: bool) {
        let mut free = f64::NEG_INFINITY;
        for (value, label) in ticks {
            let x = self.px(*value);
            if grid {
                self.line(&[(x, self.top), (x, self.bottom)], FAINT, 1.0);
            }
            let half = text_width(label, TICK) / 2.0;
            if x - half > free {
                self.line(&[(x, self.bottom), (x, self.bottom + 5.0)], LINE, 1.0);
                self.text((x, self.bottom + 20.0), label, TICK, TextAnchor::Middle, INK);
                free = x + half + 6.0;
            }
        }
    }

    /// The dashed line on which both axes have the same value, as far as it is in sight.
    pub fn identity(&mut self, ink: Rgb) {
        let (from, to) = (self.x.0.max(self.y.0), self.x.1.min(self.y.1));
        if to > from {
            let ends = [from, to].map(|value| (self.px(value), self.py(value)));
            self.dashed(ends[0], ends[1], ink, 2.0);
        }
    }

    /// Lines up through the axes at ticks that other axes on the page name.
    pub fn x_grid(&mut self, ticks: &[(f64, String)]) {
        for (value, _) in ticks {
            let x = self.px(*value);
            self.line(&[(x, self.top), (x, self.bottom)], FAINT, 1.0);
        }
    }

    /// Ticks with labels left of the axes and lines across.
    pub fn y_ticks(&mut self, ticks: &[(f64, String)]) {
        for (value, label) in ticks {
            let y = self.py(*value);
            self.line(&[(self.left, y), (self.right, y)], FAINT, 1.0);
            self.line(&[(self.left - 5.0, y), (self.left, y)], LINE, 1.0);
            self.text((self.left - 9.0, y + 4.5), label, TICK, TextAnchor::End, INK);
        }
    }

    /// The names of the axes: x in the middle below, y above its upper end, where it is read without
    /// turning one's head.
    pub fn labels(&mut self, x: &str, y: &str) {
        let middle = (self.left + self.right) / 2.0;
        let below = self.scene.height - 14.0;
        self.text((middle, below), x, LABEL, TextAnchor::Middle, INK);
        self.text((self.left, self.top - 9.0), y, LABEL, TextAnchor::Start, INK);
    }

    pub fn text(&mut self, at: (f64, f64), text: &str, size: u32, anchor: TextAnchor, ink: Rgb) {
        self.scene.add(Primitive::Text {
            x: at.0,
            y: at.1,
            // Two dollars would make a formula of what stands between them.
            content: text.replace('$', "\\$"),
            size,
            anchor,
            rotate: None,
            bold: false,
            color: Some(colour(ink)),
        });
    }

    pub fn bold(&mut self, x: f64, y: f64, text: &str, size: u32) {
        self.scene.add(Primitive::RichText {
            x,
            y,
            spans: vec![TextSpan { bold: true, ..TextSpan::plain(text) }],
            size,
            anchor: TextAnchor::Start,
            color: Some(colour(INK)),
        });
    }

    pub fn line(&mut self, points: &[(f64, f64)], ink: Rgb, width: f64) {
        self.scene.add(Primitive::PolyLine {
            points: points.to_vec(),
            stroke: colour(ink),
            stroke_width: width,
            stroke_dasharray: None,
        });
    }

    /// A dashed line, dash by dash: backends read dash patterns in different units.
    pub fn dashed(&mut self, from: (f64, f64), to: (f64, f64), ink: Rgb, width: f64) {
        const DASH: f64 = 9.0;
        const GAP: f64 = 6.0;
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy);
        let at = |far: f64| (from.0 + dx * far / length, from.1 + dy * far / length);
        let mut far = 0.0;
        while far < length {
            self.line(&[at(far), at((far + DASH).min(length))], ink, width);
            far += DASH + GAP;
        }
    }

    /// A filled shape with an outline of the given width (0 for none).
    pub fn shape(&mut self, points: &[(f64, f64)], fill: Rgb, outline: Rgb, width: f64) {
        self.scene.add(Primitive::Path(Box::new(PathData {
            d: closed(points),
            fill: Some(colour(fill)),
            stroke: if width > 0.0 { colour(outline) } else { Color::None },
            stroke_width: width,
            opacity: None,
            stroke_dasharray: None,
        })));
    }

    /// A shape through which one sees what is beneath, on light paper and on dark.
    pub fn veil(&mut self, points: &[(f64, f64)], fill: Rgb, opacity: f64) {
        self.filled(closed(points), fill, opacity);
    }

    fn filled(&mut self, d: String, fill: Rgb, opacity: f64) {
        self.scene.add(Primitive::Path(Box::new(PathData {
            d,
            fill: Some(colour(fill)),
            stroke: Color::None,
            stroke_width: 0.0,
            opacity: Some(opacity),
            stroke_dasharray: None,
        })));
    }

    pub fn rectangle(&mut self, (x0, y0): (f64, f64), (x1, y1): (f64, f64), fill: Rgb) {
        self.scene.add(Primitive::Rect {
            x: x0.min(x1),
            y: y0.min(y1),
            width: (x1 - x0).abs(),
            height: (y1 - y0).abs(),
            fill: colour(fill),
            stroke: None,
            stroke_width: None,
            opacity: None,
        });
    }

    /// A filled circle, or with `ring` the outline alone.
    pub fn circle(&mut self, (cx, cy): (f64, f64), r: f64, ink: Rgb, opacity: f64) {
        self.scene.add(Primitive::Circle {
            cx: hundredth(cx),
            cy: hundredth(cy),
            r,
            fill: colour(ink),
            fill_opacity: (opacity < 1.0).then_some(opacity),
            stroke: None,
            stroke_width: None,
        });
    }

    pub fn ring(&mut self, (cx, cy): (f64, f64), r: f64, fill: Option<Rgb>, ink: Rgb, width: f64) {
        self.scene.add(Primitive::Circle {
            cx: hundredth(cx),
            cy: hundredth(cy),
            r,
            fill: fill.map_or(Color::None, colour),
            fill_opacity: None,
            stroke: Some(colour(ink)),
            stroke_width: Some(width),
        });
    }

    /// Squares of one size and colour, by their corners in page units, as one shape.
    pub fn squares(
        &mut self,
        corners: impl IntoIterator<Item = (f64, f64)>,
        side: f64,
        fill: Rgb,
        opacity: f64,
    ) {
        use std::fmt::Write as _;
        let mut d = String::new();
        for (x, y) in corners {
            let _ = write!(d, "M{x} {y}h{side}v{side}h-{side}z");
        }
        self.filled(d, fill, opacity);
    }

    /// A picture that fills the axes.
    pub fn picture(&mut self, columns: usize, pixels: Vec<Rgb>) {
        let place = (self.left, self.top, self.right, self.bottom);
        self.pictures.push(Picture { place, columns, pixels });
    }

    pub fn into_parts(self) -> (Scene, Vec<Picture>) {
        (self.scene, self.pictures)
    }
}

/// How many songs are behind each place of the x axis: numbers below its ticks, or bars where the numbers
/// have no room.
pub(super) struct Counts {
    /// From where to where on the axis, and how many.
    places: Vec<((f64, f64), usize)>,
}

impl Counts {
    /// The room that they need at the page's bottom, over the name of the axis.
    pub const HEIGHT: f64 = 44.0;

    pub fn new(places: impl IntoIterator<Item = ((f64, f64), usize)>) -> Self {
        Self { places: places.into_iter().collect() }
    }

    pub fn draw(&self, panel: &mut Panel) {
        const SIZE: u32 = 11;
        let top = panel.bottom + 30.0;
        let most = self.places.iter().map(|place| place.1).max().unwrap_or(0);
        let room = |panel: &Panel, (from, to): (f64, f64)| panel.px(to) - panel.px(from);
        let fits = self
            .places
            .iter()
            .all(|&(reach, count)| text_width(&thousands(count), SIZE) < room(panel, reach) - 1.0);
        let left = panel.left - 9.0;
        if fits {
            for &((from, to), count) in &self.places {
                let x = panel.px((from + to) / 2.0);
                panel.text((x, top + 14.0), &thousands(count), SIZE, TextAnchor::Middle, GREY);
            }
            panel.text((left, top + 14.0), "songs", SIZE, TextAnchor::End, GREY);
            return;
        }
        let (bottom, high) = (top + 26.0, 26.0);
        for &((from, to), count) in &self.places {
            let (x0, x1) = (panel.px(from), panel.px(to));
            let gap = ((x1 - x0) * 0.1).min(1.5);
            let y = bottom - high * count as f64 / most.max(1) as f64;
            panel.rectangle((x0 + gap, bottom), (x1 - gap, y), [0xb4; 3]);
        }
        panel.line(&[(panel.left, bottom), (panel.right, bottom)], LINE, 1.0);
        panel.text((left, top + 8.0), &thousands(most), SIZE, TextAnchor::End, GREY);
        panel.text((left, bottom), "songs", SIZE, TextAnchor::End, GREY);
    }
}

/// The scene as an SVG that carries its fonts and scales to the space it is given.
pub(super) fn svg(scene: &mut Scene) -> String {
    let face = |weight: &str, font: &[u8]| {
        let data = STANDARD.encode(font);
        format!(
            "@font-face{{font-family:'DejaVu Sans';font-weight:{weight};\
             src:url('data:font/woff2;base64,{data}') format('woff2');}}"
        )
    };
    let (normal, bold) = (face("normal", REGULAR), face("bold", BOLD));
    scene.defs = vec![format!("<style>{normal}{bold}</style>")];
    let drawn = SvgBackend::new().render_scene(scene);
    let view = format!("<svg viewBox=\"0 0 {} {}\" ", scene.width, scene.height);
    let rules = format!("{}</style>", dark(&drawn));
    drawn.replacen("<svg ", &view, 1).replacen("</style>", &rules, 1)
}

/// Rules that turn paper, ink and lines dark where the reader prefers it, and lift every other colour, as the page
/// does.
fn dark(drawn: &str) -> String {
    const DARK: [(Rgb, &str); 11] = [
        (WHITE, "#14161a"),
        (INK, "#e8eaed"),
        (GREY, "#a8aeb7"),
        (FAINT, "#2f343b"),
        (LINE, "#5c636d"),
        (palette::NO_CLUSTER, "#969696"),
        ([0xb4; 3], "#5c636d"),
        ([0xcc; 3], "#4a5058"),
        (BLUE, "#2b7cc0"),
        (LIGHT_BLUE, "#7ba6c6"),
        (PALE_BLUE, "#2c4a63"),
    ];
    let rule = |(light, dark): (Rgb, String)| {
        let light = colour(light).to_svg_string();
        format!("[fill=\"{light}\"]{{fill:{dark}}}[stroke=\"{light}\"]{{stroke:{dark}}}")
    };
    let mut others = colours(drawn);
    DARK.iter().for_each(|(light, _)| _ = others.remove(light));
    let lifted = |c: Rgb| (c, colour(palette::lifted(c)).to_svg_string());
    let named = DARK.into_iter().map(|(light, dark)| (light, dark.to_owned()));
    let rules: String = named.chain(others.into_iter().map(lifted)).map(rule).collect();
    format!("@media (prefers-color-scheme:dark){{rect[fill=\"white\"]{{fill:#14161a}}{rules}}}")
}

/// The colours of fills and strokes in an SVG.
fn colours(svg: &str) -> BTreeSet<Rgb> {
    let hex = svg.split(['"', '>']).filter_map(|part| part.strip_prefix('#'));
    hex.filter_map(|hex| u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 6))
        .map(|value| [(value >> 16) as u8, (value >> 8) as u8, value as u8])
        .collect()
}

/// The scene as a PNG of [`FINER`] times [`PNG_SCALE`] pixels for each unit of the page.
pub(super) fn png(scene: &Scene) -> Result<Vec<u8>, String> {
    RasterBackend::new().with_scale(PNG_SCALE * FINER as f32).render_scene(scene)
}

/// A path around the points.
fn closed(points: &[(f64, f64)]) -> String {
    use std::fmt::Write as _;
    let mut path = String::with_capacity(points.len() * 16);
    for (i, (x, y)) in points.iter().enumerate() {
        let _ = write!(path, "{}{x:.2} {y:.2} ", if i == 0 { 'M' } else { 'L' });
    }
    path.push('Z');
    path
}

fn colour(rgb: Rgb) -> Color {
    Color::Rgb(rgb[0], rgb[1], rgb[2])
}

fn hundredth(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// A range of one value gets room on both sides.
fn widen((low, high): (f64, f64)) -> (f64, f64) {
    if high > low { (low, high) } else { (low - 0.5, high + 0.5) }
}
