//! What `docs/server/operation.md` tells people to write.

/// The page.
pub(crate) const OPERATION: &str = include_str!("../../../docs/server/operation.md");

/// The one block of that language.
pub(crate) fn block(language: &str) -> &'static str {
    let (_, rest) = OPERATION.split_once(&format!("\n```{language}\n")).expect("a block of that language");
    let (block, rest) = rest.split_once("\n```\n").expect("its end");
    assert!(!rest.contains(&format!("\n```{language}\n")), "there are two of {language}");
    block
}

/// A text with something else in the place of what stands there, which it must.
pub(crate) fn replaced(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from} is missing in {text}");
        text.replace(from, to)
    })
}
