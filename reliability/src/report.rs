//! Tables, and the documents that they are written into.

use otc_harness::Error;
use std::fs;
use std::path::Path;

/// A table that can be read as it is and is Markdown, too.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty one.
    pub(crate) fn new(columns: &[&str]) -> Self {
        Self { rows: vec![columns.iter().map(ToString::to_string).collect()] }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect());
    }

    /// Numbers to the right, texts to the left.
    pub(crate) fn render(&self) -> String {
        let columns = self.rows.first().map_or(0, Vec::len);
        let cell = |row: &Vec<String>, column: usize| row.get(column).cloned().unwrap_or_default();
        let body = &self.rows[1..];
        let mut text = String::new();
        let is_number =
            |column: usize| !body.is_empty() && body.iter().all(|row| looks_like_number(&cell(row, column)));
        let width = |column: usize| {
            self.rows.iter().map(|row| cell(row, column).chars().count()).max().unwrap_or(0).max(3)
        };
        let formats: Vec<_> = (0..columns).map(|column| (width(column), is_number(column))).collect();
        for (index, row) in self.rows.iter().enumerate() {
            let cells: Vec<String> = formats
                .iter()
                .enumerate()
                .map(|(column, (width, right))| {
                    let cell = cell(row, column);
                    if *right { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
                })
                .collect();
            text.push_str(&line(&cells));
            if index == 0 {
                let rules: Vec<String> = formats
                    .iter()
                    .map(
                        |(width, right)| {
                            if *right { format!("{}:", "-".repeat(width - 1)) } else { "-".repeat(*width) }
                        },
                    )
                    .collect();
                text.push_str(&line(&rules));
            }
        }
        text
    }
}

fn line(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// Digits and what stands between and after them.
fn looks_like_number(cell: &str) -> bool {
    cell.is_empty() || cell == "–" || cell.starts_with(|first: char| first.is_ascii_digit() || first == '<')
}

/// 1234567 as 1,234,567.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Replaces what stands between `<!-- begin: NAME -->` and `<!-- end: NAME -->` in a document.
pub(crate) fn write_into(document: &Path, name: &str, text: &str) -> Result<(), Error> {
    let before = fs::read_to_string(document)?;
    let after = replaced(&before, name, text)
        .ok_or_else(|| format!("{} has no markers of {name}", document.display()))?;
    if after != before {
        fs::write(document, after)?;
    }
    Ok(())
}

fn replaced(document: &str, name: &str, text: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- begin: {name} -->"), format!("<!-- end: {name} -->"));
    let (head, rest) = document.split_once(&begin)?;
    let (_, tail) = rest.split_once(&end)?;
    Some(format!("{head}{begin}\n\n{}\n\n{end}{tail}", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right() {
        let mut table = Table::new(&["what", "count"]);
        table.row(["cuts".to_owned(), "7".to_owned()]);
        table.row(["a|b".to_owned(), "1,234".to_owned()]);
        let expected = "| what | count |\n| ---- | ----: |\n| cuts |     7 |\n| a\\|b | 1,234 |\n";
        assert_eq!(table.render(), expected);
    }

    #[test]
    fn thousands_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn a_document_keeps_what_is_outside_the_markers() {
        let document = "a\n<!-- begin: x -->\nold\n<!-- end: x -->\nb\n";
        let expected = "a\n<!-- begin: x -->\n\nnew\n\n<!-- end: x -->\nb\n";
        assert_eq!(replaced(document, "x", "new\n").as_deref(), Some(expected));
        assert_eq!(replaced(expected, "x", "new").as_deref(), Some(expected), "again");
        assert_eq!(replaced(document, "y", "new"), None);
    }
}
