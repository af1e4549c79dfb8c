//! The header `Forwarded` (RFC 7239, section 4), in parts.

/// What one proxy says of whom it was spoken to by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// `for`
    pub(super) node: Option<String>,
    pub(super) proto: Option<String>,
    pub(super) host: Option<String>,
}

/// The elements of one line; `None` when it is not one, or says something twice.
pub(super) fn elements(line: &str) -> Option<Vec<Element>> {
    let mut rest = line;
    let mut elements = Vec::new();
    loop {
        let element;
        (element, rest) = read_element(rest)?;
        elements.push(element);
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => return rest.is_empty().then_some(elements),
        }
    }
}

/// One element, and what comes after it.
fn read_element(mut rest: &str) -> Option<(Element, &str)> {
    let mut element = Element::default();
    loop {
        rest = skip(rest);
        let end = rest.find(|letter| !is_token(letter)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let value;
        (value, rest) = read_value(after.strip_prefix('=').filter(|_| !name.is_empty())?)?;
        let place = match name.to_ascii_lowercase().as_str() {
            "for" => Some(&mut element.node),
            "proto" => Some(&mut element.proto),
            "host" => Some(&mut element.host),
            _ => None,
        };
        if let Some(place) = place
            && place.replace(value).is_some()
        {
            return None;
        }
        rest = skip(rest);
        match rest.strip_prefix(';') {
            Some(more) => rest = more,
            None => return Some((element, rest)),
        }
    }
}

/// A word, or a text in quotation marks.
fn read_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(|letter| !is_token(letter)).unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(letters.next()?.1),
            letter => value.push(letter),
        }
    }
    None
}

fn skip(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

/// RFC 9110, section 5.6.2. With a colon and brackets, which many write without the quotation marks that they need.
fn is_token(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~:[]".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(node: &str, proto: &str, host: &str) -> Element {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Element { node: some(node), proto: some(proto), host: some(host) }
    }

    #[test]
    fn elements_are_told_apart() {
        for (line, expected) in [
            ("for=192.0.2.1", vec![element("192.0.2.1", "", "")]),
            ("For=\"[2001:db8::1]:47\"", vec![element("[2001:db8::1]:47", "", "")]),
            (
                "for=192.0.2.1;proto=https; by=203.0.113.43 , for=_x;HOST=\"h:8080\"",
                vec![element("192.0.2.1", "https", ""), element("_x", "", "h:8080")],
            ),
            ("for=\"a\\\"b\"", vec![element("a\"b", "", "")]),
            ("for=\"a, for=b\"", vec![element("a, for=b", "", "")]),
            ("for=192.0.2.1:80", vec![element("192.0.2.1:80", "", "")]),
            ("secret=x", vec![element("", "", "")]),
        ] {
            assert_eq!(elements(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn what_is_no_list_of_elements_is_nothing() {
        for line in [
            "",
            ",",
            "for",
            "for=",
            "=x",
            "for=a,",
            ",for=a",
            "for=a;",
            "for=a;for=b",
            "for=a;proto=b;Proto=b",
            "for=\"a",
            "for=\"a\\",
            "for=\"a\"b",
            "for=a b",
            "for =a",
            "for= a",
            "for=ä",
            "for=a;;proto=b",
            "for=\"\" x",
        ] {
            assert_eq!(elements(line), None, "{line}");
        }
    }
}
