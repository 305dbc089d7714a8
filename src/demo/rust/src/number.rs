//! Numbers as logs write them: with an optional unit.

/// What each unit stands for; times are in seconds, sizes in bytes.
const UNITS: [(&str, f64); 14] = [
    ("", 1.0),
    ("ns", 1e-9),
    ("us", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("B", 1.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("KiB", 1024.0),
    ("MiB", 1024.0 * 1024.0),
    ("GiB", 1024.0 * 1024.0 * 1024.0),
];

/// Returns the number that `text` stands for: `12`, `-1.5`, `250ms`, `4 MiB`.
pub fn parse(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let scale = UNITS.iter().find(|(name, _)| *name == unit.trim_start())?.1;
    // Dividing keeps 250ms exactly 0.25, where 250 * 0.001 is not.
    let number = digits.parse::<f64>().ok()?;
    Some(if scale < 1.0 { number / scale.recip().round() } else { number * scale })
}

/// Returns `number` in at most six significant digits.
pub fn format(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let magnitude = number.abs().log10().floor() as i32;
    let decimals = (5 - magnitude).clamp(0, 12) as usize;
    let text = format!("{number:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{format, parse};

    #[test]
    fn units_scale() {
        assert_eq!(parse("250ms"), Some(0.25));
        assert_eq!(parse("1.5k"), Some(1500.0));
        assert_eq!(parse(" 4 MiB "), Some(4.0 * 1024.0 * 1024.0));
        assert_eq!(parse("-3"), Some(-3.0));
    }

    #[test]
    fn words_are_not_numbers() {
        for text in ["", "ms", "12 parsecs", "1.2.3", "/a", "2026-01-01"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn six_digits_are_shown() {
        assert_eq!(format(0.1 + 0.2), "0.3");
        assert_eq!(format(1234567.8), "1234568");
        assert_eq!(format(1.0), "1");
    }
}
