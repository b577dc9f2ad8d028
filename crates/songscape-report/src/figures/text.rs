//! How wide a text is in DejaVu Sans, and where to break it; numbers as text.

use songscape_analysis::study::Scores;
use songscape_project::Source;

use crate::measures::baselines;

/// The width of a text in page units, never less than drawn by more than a few percent.
pub(super) fn text_width(text: &str, size: u32) -> f64 {
    let em: f64 = text
        .chars()
        .map(|c| match c {
            'i' | 'j' | 'l' | '\'' => 0.28,
            ' ' | ',' | '.' | ';' | ':' | '|' => 0.32,
            'f' | 't' | 'r' | '(' | ')' | '-' => 0.40,
            'm' | 'w' | 'M' | 'W' | '@' | '%' | '—' => 0.98,
            '0'..='9' | 'a'..='z' => 0.64,
            '+' | '=' | '<' | '>' | '−' | '±' | '×' | '≤' | '≥' => 0.84,
            _ => 0.76,
        })
        .sum();
    em * f64::from(size)
}

/// The text in lines no wider than `room`, broken at spaces; a word that is wider stands alone.
pub(super) fn wrap(text: &str, size: u32, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if text_width(line, size) + text_width(word, size) < room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.into()),
        }
    }
    lines
}

/// A count with commas between the thousands.
pub(crate) fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 song`, `2 songs`.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{} {}", thousands(count), if count == 1 { one } else { many })
}

/// A number with so many decimals and a true minus sign.
pub(crate) fn signed(value: f64, decimals: usize) -> String {
    format!("{value:.decimals$}").replace('-', "−")
}

/// `91.2%`.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// What is judged by scores, at the beginning of a sentence.
pub(crate) fn encoder(scores: &Scores) -> String {
    match baselines::judged(scores) {
        Some(name) if name == Source::TrainedEncoder.name() => format!("The {name}"),
        Some(name) => format!("“{name}”"),
        None => "The encoder".into(),
    }
}

/// A text of any length in a caption: long ones end with an ellipsis.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.into(),
    }
}

/// A cluster's number with a true minus sign.
pub(crate) fn cluster_name(cluster: i32) -> String {
    if cluster < 0 { "−1".into() } else { cluster.to_string() }
}

/// How the ticks of an axis are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    /// Whole numbers without commas: 1960.
    Years,
    /// Whole numbers with commas between the thousands: 5,737.
    Whole,
    /// With as many decimals as their step has: 0.5.
    Decimal,
}

/// Ticks at round values within a range, at most about `most`; steps are 1, 2 or 5 times a power of
/// ten.
pub(super) fn ticks((low, high): (f64, f64), most: usize, axis: Axis) -> Vec<(f64, String)> {
    let rough = ((high - low) / most.max(1) as f64).max(1e-12);
    let power = 10f64.powf(rough.log10().floor());
    let mut step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|m| m * power)
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(10.0 * power);
    if axis != Axis::Decimal {
        step = step.max(1.0);
    }
    let decimals = (-step.log10().floor()).max(0.0) as usize;
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last)
        .map(|i| {
            let value = i as f64 * step;
            let size = match axis {
                Axis::Whole => thousands(value.abs() as usize),
                Axis::Years | Axis::Decimal => format!("{:.decimals$}", value.abs()),
            };
            (value, format!("{}{size}", if i < 0 { "−" } else { "" }))
        })
        .collect()
}

/// Ticks of a log axis: `(log10 of the value, label)` at 1, 2 and 5 times the powers of ten within a
/// range of values above 0; at the powers alone where those would be more than `most`; at even steps
/// where they would be fewer than two.
pub(super) fn log_ticks((low, high): (f64, f64), most: usize) -> Vec<(f64, String)> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let label = |value: f64, power: i32| {
        if (0..9).contains(&power) {
            thousands(value.round() as usize)
        } else {
            format!("{value:.0$}", power.unsigned_abs() as usize)
        }
    };
    let at = |steps: &[f64]| -> Vec<(f64, String)> {
        (first..=last)
            .flat_map(|power| steps.iter().map(move |step| (step * 10f64.powi(power), power)))
            .filter(|(value, _)| *value >= low * (1.0 - 1e-9) && *value <= high * (1.0 + 1e-9))
            .map(|(value, power)| (value.log10(), label(value, power)))
            .collect()
    };
    let fine = at(&[1.0, 2.0, 5.0]);
    match fine.len() {
        0 | 1 => {
            let even = ticks((low, high), 4, Axis::Decimal).into_iter();
            even.filter(|(value, _)| *value > 0.0).map(|(v, label)| (v.log10(), label)).collect()
        }
        n if n <= most => fine,
        _ => at(&[1.0]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within() {
        let names = |range, most, axis| -> Vec<String> {
            ticks(range, most, axis).into_iter().map(|t| t.1).collect()
        };
        assert_eq!(
            names((1959.5, 2020.5), 7, Axis::Years),
            ["1960", "1970", "1980", "1990", "2000", "2010", "2020"]
        );
        assert_eq!(names((1999.5, 2000.5), 10, Axis::Years), ["2000"]);
        assert_eq!(names((0.0, 1.0), 5, Axis::Decimal), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(names((-1.0, 1.0), 2, Axis::Whole), ["−1", "0", "1"]);
        assert_eq!(names((-1100.0, 1100.0), 3, Axis::Whole), ["−1,000", "0", "1,000"]);
    }

    #[test]
    fn ticks_of_a_log_axis_are_round() {
        let names = |range, most| -> Vec<String> {
            log_ticks(range, most).into_iter().map(|t| t.1).collect()
        };
        assert_eq!(
            names((30.0, 12_000.0), 9),
            ["50", "100", "200", "500", "1,000", "2,000", "5,000", "10,000"]
        );
        assert_eq!(names((30.0, 12_000.0), 4), ["100", "1,000", "10,000"]);
        assert_eq!(names((0.02, 1.0), 9), ["0.02", "0.05", "0.1", "0.2", "0.5", "1"]);
        assert_eq!(names((0.61, 0.93), 9), ["0.7", "0.8", "0.9"]);
    }

    #[test]
    fn words_are_kept_whole() {
        assert_eq!(wrap("one two three", 10, 45.0), ["one two", "three"]);
        assert_eq!(wrap("incomprehensibilities", 10, 5.0), ["incomprehensibilities"]);
        assert!(wrap("  ", 10, 5.0).is_empty());
    }

    #[test]
    fn thousands_have_commas() {
        assert_eq!(
            ["0", "999", "1,000", "5,737", "1,234,567"],
            [0, 999, 1000, 5737, 1_234_567].map(thousands)
        );
    }
}
