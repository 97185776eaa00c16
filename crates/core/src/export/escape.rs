//! All escaping of exports: what JSON, XML and collapsed stacks must not take for their own.

/// Appends a text as a JSON string, in quotes (RFC 8259, section 7).
pub(super) fn json(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let mut plain = 0;
    for (at, &byte) in text.as_bytes().iter().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' && byte != 0x7f {
            continue;
        }
        out.extend_from_slice(&text.as_bytes()[plain..at]);
        plain = at + 1;
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&digits);
            }
        }
    }
    out.extend_from_slice(&text.as_bytes()[plain..]);
    out.push(b'"');
}

/// Appends a text as the content of an XML element. What XML 1.0 forbids (section 2.2) becomes U+FFFD, and so
/// do carriage returns and other controls, which a reader would change.
pub(super) fn xml(out: &mut Vec<u8>, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.extend_from_slice(b"&amp;"),
            '<' => out.extend_from_slice(b"&lt;"),
            '>' => out.extend_from_slice(b"&gt;"),
            '"' => out.extend_from_slice(b"&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.extend_from_slice("\u{fffd}".as_bytes()),
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Appends a text as one frame of a collapsed stack: a semicolon would end it, a line break the line, and
/// readers trim blanks at its ends.
pub(super) fn frame(out: &mut Vec<u8>, text: &str) {
    for c in text.trim().chars() {
        match c {
            ';' => out.extend_from_slice("\u{ff1b}".as_bytes()),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => out.extend_from_slice("\u{fffd}".as_bytes()),
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(escape: fn(&mut Vec<u8>, &str), text: &str) -> String {
        let mut out = Vec::new();
        escape(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_language_keeps_its_own() {
        let hostile = "a\"<&>;\n\0\u{7f}\u{ffff}é\\";
        assert_eq!(escaped(json, hostile), "\"a\\\"<&>;\\n\\u0000\\u007f\u{ffff}é\\\\\"");
        assert_eq!(escaped(xml, hostile), "a&quot;&lt;&amp;&gt;;\u{fffd}\u{fffd}\u{fffd}\u{fffd}é\\");
        assert_eq!(escaped(frame, hostile), "a\"<&>；\u{fffd}\u{fffd}\u{fffd}\u{ffff}é\\");
        assert_eq!((escaped(frame, " x "), escaped(json, "")), ("x".to_owned(), "\"\"".to_owned()));
    }
}
