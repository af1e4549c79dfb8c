//! What a Rust source file names: its paths and identifiers, without comments, texts and test code.

/// A path such as `std::time::Instant`, with `use` groups written out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) segments: Vec<String>,
    /// It stands in a `use`.
    pub(crate) imported: bool,
}

impl Path {
    pub(crate) fn text(&self) -> String {
        self.segments.join("::")
    }
}

/// What a file names outside its tests.
#[derive(Debug, Default)]
pub(crate) struct Named {
    pub(crate) paths: Vec<Path>,
    pub(crate) words: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    /// `::`
    Colons,
    Sign(char),
}

/// Reads a source.
pub(crate) fn named(source: &str) -> Named {
    let tokens = without_tests(&tokens(source));
    let mut named = Named::default();
    let mut at = 0;
    let mut in_use = false;
    while at < tokens.len() {
        match &tokens[at] {
            Token::Word(word) => {
                if word == "use" {
                    in_use = true;
                    at += 1;
                    continue;
                }
                at = read_path(&tokens, at, &[], in_use, &mut named.paths);
            }
            Token::Sign(';') => {
                in_use = false;
                at += 1;
            }
            _ => at += 1,
        }
    }
    named.words = tokens
        .into_iter()
        .filter_map(|token| if let Token::Word(word) = token { Some(word) } else { None })
        .collect();
    named
}

/// Reads the path that begins at `at`, behind `before`; the answer is where it ends.
fn read_path(
    tokens: &[Token],
    mut at: usize,
    before: &[String],
    imported: bool,
    paths: &mut Vec<Path>,
) -> usize {
    let mut segments = before.to_vec();
    loop {
        match tokens.get(at) {
            Some(Token::Word(word)) => {
                // `use a::{self}` names `a`.
                if word != "self" || segments.is_empty() {
                    segments.push(word.clone());
                }
                at += 1;
            }
            Some(Token::Sign('*')) if imported => {
                at += 1;
                break;
            }
            Some(Token::Sign('{')) if imported => return read_group(tokens, at + 1, &segments, paths),
            _ => break,
        }
        if tokens.get(at) != Some(&Token::Colons) {
            break;
        }
        at += 1;
    }
    paths.push(Path { segments, imported });
    at
}

fn read_group(tokens: &[Token], mut at: usize, before: &[String], paths: &mut Vec<Path>) -> usize {
    while let Some(token) = tokens.get(at) {
        match token {
            Token::Sign('}') => return at + 1,
            Token::Word(word) if word == "as" => at += 2,
            Token::Word(_) | Token::Sign('*' | '{') => at = read_path(tokens, at, before, true, paths),
            _ => at += 1,
        }
    }
    at
}

/// Leaves out every item under `#[cfg(test)]`.
fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let word = |text: &str| Token::Word(text.to_owned());
    let mark = [
        Token::Sign('#'),
        Token::Sign('['),
        word("cfg"),
        Token::Sign('('),
        word("test"),
        Token::Sign(')'),
        Token::Sign(']'),
    ];
    let mut kept = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at..].starts_with(&mark) {
            at = end_of_item(tokens, at + mark.len());
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

/// Where the item that begins at `at` ends: behind its `;`, or behind its braces.
fn end_of_item(tokens: &[Token], mut at: usize) -> usize {
    let mut depth = 0usize;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            Token::Sign('{') => depth += 1,
            Token::Sign('}') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            Token::Sign(';') if depth == 0 => return at,
            _ => {}
        }
    }
    at
}

fn tokens(source: &str) -> Vec<Token> {
    let bytes = source.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &source[at..];
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            at += block_comment(rest);
        } else if let Some(length) = text_literal(rest) {
            at += length;
        } else if rest.starts_with("::") {
            tokens.push(Token::Colons);
            at += 2;
        } else {
            let char = rest.chars().next().unwrap_or(' ');
            if char.is_alphanumeric() || char == '_' {
                let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                tokens.push(Token::Word(rest[..length].to_owned()));
                at += length;
            } else {
                if !char.is_whitespace() {
                    tokens.push(Token::Sign(char));
                }
                at += char.len_utf8();
            }
        }
    }
    tokens
}

/// The length of a comment that begins here; such comments nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0usize;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

/// The length of a text or character that begins here.
fn text_literal(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r", "b", "c", ""].into_iter().find(|prefix| {
        rest.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('"') || rest.starts_with("#\""))
            || (prefix.ends_with('r') && rest.strip_prefix(prefix).is_some_and(|rest| rest.starts_with("##")))
    });
    if let Some(prefix) = prefix {
        let body = &rest[prefix.len()..];
        let hashes = body.len() - body.trim_start_matches('#').len();
        if prefix.ends_with('r') {
            let end = format!("\"{}", "#".repeat(hashes));
            let begin = hashes + 1;
            let length = body.get(begin..)?.find(&end)?;
            return Some(prefix.len() + begin + length + end.len());
        }
        if hashes == 0 {
            return Some(prefix.len() + quoted(body, '"'));
        }
    }
    let body = rest.strip_prefix('b').unwrap_or(rest);
    let mut chars = body.chars();
    if chars.next() != Some('\'') {
        return None;
    }
    // A lifetime has no closing quote behind its first character.
    let first = chars.next()?;
    let is_char = first == '\\' || chars.next() == Some('\'');
    is_char.then(|| rest.len() - body.len() + quoted(body, '\''))
}

/// The length of what is quoted at the beginning, with its escapes.
fn quoted(body: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, char) in body.char_indices().skip(1) {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if char == quote => return at + 1,
            _ => {}
        }
    }
    body.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(source: &str) -> Vec<String> {
        named(source).paths.iter().map(Path::text).collect()
    }

    #[test]
    fn groups_are_written_out() {
        assert_eq!(
            paths("use a::{b, c::{self, d as e}, f::*}; use ::x::y;"),
            ["a::b", "a::c", "a::c::d", "a::f", "x::y"]
        );
    }

    #[test]
    fn paths_in_code_count() {
        let found = paths("fn f() { let x = std::thread::spawn(g); tokio::select! { _ = h => {} } }");
        assert!(found.contains(&"std::thread::spawn".into()) && found.contains(&"tokio::select".into()));
    }

    #[test]
    fn comments_and_texts_do_not_count() {
        let source = r##"
            // tokio::one
            /* tokio::two /* nested tokio::three */ tokio::four */
            /// tokio::five
            const A: &str = "tokio::six \" tokio::seven";
            const B: &str = r#"tokio::eight " tokio::nine"#;
            const C: &[u8] = b"tokio::ten";
            const D: char = '"';
            const E: char = '\'';
            fn f<'a>(x: &'a str) -> &'a str { tokio::eleven(x) }
        "##;
        let found: Vec<_> = paths(source).into_iter().filter(|path| path.starts_with("tokio")).collect();
        assert_eq!(found, ["tokio::eleven"]);
    }

    #[test]
    fn tests_do_not_count() {
        let source =
            "#[cfg(test)] mod tests { use tokio::a; fn f() {} } #[cfg(test)] use tokio::b; use c::d;";
        assert_eq!(paths(source), ["c::d"]);
    }
}
