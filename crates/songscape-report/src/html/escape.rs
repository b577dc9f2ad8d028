//! Text that comes from catalogs, made harmless.

/// Text for the content or a quoted attribute of an HTML element.
pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Not allowed in HTML, even as a reference.
            '\0' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// JSON for the content of a `script` element: the same value, without a character that could end the
/// element, begin a comment, or end a line of a program. In JSON these occur in strings alone.
pub(super) fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 50);
    for c in text.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_text() {
        assert_eq!(html("<b a='1'>&\"\0"), "&lt;b a=&#39;1&#39;&gt;&amp;&quot;\u{fffd}");
    }

    #[test]
    fn json_keeps_its_value_and_cannot_end_a_script() {
        let text = "</script><!-- <img src=x onerror=alert(1)> ]]> & \u{2028}\u{2029}\"\\\n\0é";
        let escaped = json(&serde_json::to_string(text).unwrap());
        assert!(!escaped.contains(['<', '>', '&', '\u{2028}', '\u{2029}', '\n']));
        assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), text);
    }
}
