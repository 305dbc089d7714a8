//! Delimited records: lines of fields, a field in quotes where it holds the delimiter.
//!
//! A quoted field cannot hold a line break: the input is cut into pieces at line breaks, one piece a thread.

use std::borrow::Cow;

/// Appends the fields of one line to `fields`.
pub fn split_line<'a>(line: &'a [u8], delimiter: u8, fields: &mut Vec<Cow<'a, str>>) {
    let mut rest = line;
    loop {
        let (field, after) = next_field(rest, delimiter);
        fields.push(field);
        match after {
            Some(after) => rest = after,
            None => return,
        }
    }
}

/// Returns the first field, and what follows its delimiter if there is one.
fn next_field(line: &[u8], delimiter: u8) -> (Cow<'_, str>, Option<&[u8]>) {
    if let Some((quoted, rest)) = line.strip_prefix(b"\"").and_then(closing_quote) {
        if rest.is_empty() || rest[0] == delimiter {
            let text = String::from_utf8_lossy(quoted);
            let text = if text.contains("\"\"") { Cow::Owned(text.replace("\"\"", "\"")) } else { text };
            return (text, rest.get(1..));
        }
    }
    match line.iter().position(|&byte| byte == delimiter) {
        Some(end) => (String::from_utf8_lossy(&line[..end]), Some(&line[end + 1..])),
        None => (String::from_utf8_lossy(line), None),
    }
}

/// Cuts at the quote that ends the field; two quotes in a row stand for one.
fn closing_quote(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut at = 0;
    loop {
        at += text[at..].iter().position(|&byte| byte == b'"')?;
        if text.get(at + 1) != Some(&b'"') {
            return Some((&text[..at], &text[at + 1..]));
        }
        at += 2;
    }
}

/// Returns the lines of `data` that are not empty, without their line breaks.
pub fn lines(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    data.split(|&byte| byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.is_empty())
}

/// Cuts `data` into at most `count` pieces of about the same size, at line breaks.
pub fn pieces(data: &[u8], count: usize) -> Vec<&[u8]> {
    let mut found = Vec::with_capacity(count);
    let mut rest = data;
    for left in (1..=count).rev() {
        let middle = rest.len() / left;
        let end = rest[middle..].iter().position(|&byte| byte == b'\n').map_or(rest.len(), |at| middle + at + 1);
        let (piece, after) = rest.split_at(end);
        if !piece.is_empty() {
            found.push(piece);
        }
        rest = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{lines, pieces, split_line};

    fn fields(line: &str) -> Vec<String> {
        let mut found = Vec::new();
        split_line(line.as_bytes(), b',', &mut found);
        found.into_iter().map(|field| field.into_owned()).collect()
    }

    #[test]
    fn quotes_protect_the_delimiter() {
        assert_eq!(fields(r#"a,"b,c",d"#), ["a", "b,c", "d"]);
        assert_eq!(fields(r#""say ""so""","#), [r#"say "so""#, ""]);
        assert_eq!(fields(r#"5" disk,"open"#), [r#"5" disk"#, r#""open"#]);
        assert_eq!(fields(""), [""]);
    }

    #[test]
    fn pieces_hold_every_line_once() {
        let data: String = (0..100).map(|n| format!("line {n}\n")).collect();
        for count in 1..8 {
            let cut = pieces(data.as_bytes(), count);
            assert!(cut.len() <= count);
            assert_eq!(cut.concat(), data.as_bytes());
            assert_eq!(cut.iter().flat_map(|piece| lines(piece)).count(), 100);
        }
    }
}
