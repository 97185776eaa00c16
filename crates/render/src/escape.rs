//! All escaping: what a reader must not be misled by, and what each language must not take for its own.

/// A text fit to be shown: what is invisible, moves the cursor or turns the direction of reading
/// is spelled out, and what goes beyond `limit` characters becomes `…`.
///
/// Looks at no more than `limit` characters, however long the text is.
pub fn printable(text: &str, limit: usize) -> String {
    let mut out = String::new();
    let mut written = 0;
    for c in text.chars() {
        let spelled = spelled_out(c);
        let width = spelled.as_ref().map_or(1, String::len);
        if written + width > limit {
            while written + 1 > limit && out.pop().is_some() {
                written -= 1;
            }
            out.push('…');
            return out;
        }
        written += width;
        match spelled {
            Some(spelled) => out.push_str(&spelled),
            None => out.push(c),
        }
    }
    out
}

/// How Python would write a character that must not be shown as it is.
fn spelled_out(c: char) -> Option<String> {
    match c {
        '\n' => Some("\\n".to_owned()),
        '\r' => Some("\\r".to_owned()),
        '\t' => Some("\\t".to_owned()),
        c if c.is_control() => Some(format!("\\x{:02x}", u32::from(c))),
        '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' => Some(format!("\\u{:04x}", u32::from(c))),
        c if u32::from(c) & 0xfffe == 0xfffe || ('\u{e0000}'..='\u{e0fff}').contains(&c) => {
            Some(format!("\\U{:08x}", u32::from(c)))
        }
        _ => None,
    }
}

/// A text as the content or a double-quoted attribute of XML.
pub fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A document as a single-quoted attribute of HTML, in which it stays as it is: most of its quotes are double ones.
pub(crate) fn single_quoted(document: &str) -> String {
    document.replace('&', "&amp;").replace('\'', "&#39;")
}

/// Lines as one quoted string of DOT, such that Graphviz draws them as they are: no quote ends the
/// string, no backslash begins an escape (`\N`, `\G`, `\l`), no `&` an entity.
pub(crate) fn dot<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    let mut out = String::from("\"");
    for (i, line) in lines.into_iter().enumerate() {
        if i > 0 {
            out.push_str("\\n");
        }
        for c in line.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '&' => out.push_str("&amp;"),
                c if c.is_control() => out.push('\u{fffd}'),
                c => out.push(c),
            }
        }
    }
    out.push('"');
    out
}

/// A text as a JSON string inside a `<script>` element: neither an end of the element nor a comment can begin in it.
pub(crate) fn script_json(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Lines as one quoted text of a Mermaid flowchart, such that Mermaid draws them as they are. Everything that means
/// something to its parser, to the Markdown that it reads in texts, or to HTML is written as the number of the character.
pub(crate) fn mermaid<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    let mut out = String::from("\"");
    for (i, line) in lines.into_iter().enumerate() {
        if i > 0 {
            out.push_str("<br/>");
        }
        // A list begins with a number and a point, a link with www and a point, code with spaces.
        let mut before = ' ';
        for (c, after) in line.chars().zip(line.chars().skip(1).chain([' '])) {
            let is_plain = match c {
                ' ' => before != ' ',
                '.' => !before.is_ascii_digit() && !before.eq_ignore_ascii_case(&'w'),
                '_' => before.is_ascii_alphanumeric() && after.is_ascii_alphanumeric(),
                ',' => true,
                // With a sharp s behind it, the end of such a number.
                '¶' => false,
                c => c.is_ascii_alphanumeric() || !c.is_ascii(),
            };
            match c {
                c if c.is_control() => out.push('\u{fffd}'),
                // With this ligature Mermaid marks numbers of characters on the way, and reads them again at the end.
                'ﬂ' => out.push_str("fl"),
                c if is_plain => out.push(c),
                c => out.push_str(&format!("#{};", u32::from(c))),
            }
            before = c;
        }
    }
    out.push('"');
    out
}

/// A text as a code span of GitHub's Markdown: nothing in it is markup, a mention, a link or the number of an issue. In a
/// cell of a table, [`markdown_cell`] goes around it.
pub fn code_span(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.is_empty() {
        return text;
    }
    let fence = "`".repeat(longest_run_of_backticks(&text) + 1);
    let is_at_an_end = |c: char| text.starts_with(c) || text.ends_with(c);
    let room = if is_at_an_end('`') || is_at_an_end(' ') { " " } else { "" };
    format!("{fence}{room}{text}{room}{fence}")
}

/// Markdown that stands in a cell of a table, where a bar would end the cell, also inside code.
pub fn markdown_cell(markdown: &str) -> String {
    markdown.replace('|', "\\|")
}

/// Lines as a block of code in Markdown, of a language or none: nothing in it ends the block.
pub fn code_block(language: &str, text: &str) -> String {
    let fence = "`".repeat(longest_run_of_backticks(text).max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

/// A text as one word of a shell's command line.
pub fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/' | ':');
    if !text.is_empty() && text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

fn longest_run_of_backticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

/// A text as a double-quoted scalar of YAML, in which nothing stands that means something to Mermaid.
pub(crate) fn yaml(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            c if c.is_control() => out.push('\u{fffd}'),
            c if !c.is_ascii() || c.is_ascii_alphanumeric() || matches!(c, ' ' | ',' | '.' | '_' | '(' | ')') => out.push(c),
            c => out.push_str(&format!("\\x{:02x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_spelled_out() {
        assert_eq!(printable("a\0\u{1b}[31m\n\u{9b}\u{202e}b\u{feff}", 60), "a\\x00\\x1b[31m\\n\\x9b\\u202eb\\ufeff");
        assert_eq!(printable("\u{ffff}\u{10fffe}", 60), "\\U0000ffff\\U0010fffe");
        assert_eq!(printable("é 漢字 \u{fffd} 😀 e\u{301}", 60), "é 漢字 \u{fffd} 😀 e\u{301}");
    }

    #[test]
    fn long_texts_are_cut_to_the_limit() {
        assert_eq!(printable("abcdef", 6), "abcdef");
        assert_eq!(printable("abcdefg", 6), "abcde…");
        assert_eq!(printable("abcde\n", 6), "abcde…");
        assert_eq!(printable(&"x".repeat(50 << 20), 60).chars().count(), 60);
        assert_eq!(printable("", 6), "");
    }

    #[test]
    fn nothing_ends_code_in_markdown() {
        assert_eq!(["a|b", "@me #1", ""].map(code_span), ["`a|b`", "`@me #1`", ""]);
        assert_eq!(["a``b", "`", " x", "a\n- b"].map(code_span), ["```a``b```", "`` ` ``", "`  x `", "`a\u{fffd}- b`"]);
        assert_eq!(markdown_cell(&code_span("a|b\\|")), "`a\\|b\\\\|`");
        assert_eq!(code_block("", "x\n```\n</details>\n\n"), "````\nx\n```\n</details>\n````\n");
        assert_eq!(code_block("mermaid", ""), "```mermaid\n\n```\n");
    }

    #[test]
    fn a_shell_reads_one_word() {
        assert_eq!(["app.Foo", "#7", "it's $x", ""].map(shell_word), ["app.Foo", "'#7'", "'it'\\''s $x'", "''"]);
    }

    #[test]
    fn each_language_gets_its_own_escapes() {
        assert_eq!(xml("<a b=\"&\">]]>"), "&lt;a b=&quot;&amp;&quot;&gt;]]&gt;");
        assert_eq!(single_quoted("<a b=\"&amp;\">'\n</a>"), "<a b=\"&amp;amp;\">&#39;\n</a>");
        assert_eq!(mermaid(["a.b_c #1", "__x__ ['k']"]), "\"a.b_c #35;1<br/>#95;#95;x#95;#95; #91;#39;k#39;#93;\"");
        assert_eq!(mermaid(["1. www.x", "  `%%"]), "\"1#46; www#46;x<br/>#32;#32;#96;#37;#37;\"");
        assert_eq!(mermaid(["ﬂ°°34¶ß"]), "\"fl°°34#182;ß\"");
        assert_eq!(yaml("what \"Foo\" #1 -"), "\"what \\x22Foo\\x22 \\x231 \\x2d\"");
        assert_eq!(dot(["a\"b\\N", "&lt;<i>\\"]), "\"a\\\"b\\\\N\\n&amp;lt;<i>\\\\\"");
    }
}
