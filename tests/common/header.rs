//! What include/otc.h declares.

use std::path::Path;

/// Its text.
pub(crate) fn header() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/otc.h");
    std::fs::read_to_string(path).expect("the header can be read")
}

/// A function of the header: its comment and its declaration.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) comment: String,
    pub(crate) declaration: String,
}

/// Every function that a header declares.
pub(crate) fn functions(header: &str) -> Vec<Function> {
    let mut functions = Vec::new();
    let mut comment = String::new();
    let mut lines = header.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("/**") {
            line.clone_into(&mut comment);
            for line in lines.by_ref() {
                comment.push('\n');
                comment.push_str(line);
                if line.contains("*/") {
                    break;
                }
            }
            continue;
        }
        let is_declaration = !line.starts_with([' ', '#', '/', '}']) && !line.starts_with("typedef");
        if let (true, Some(open)) = (is_declaration, line.find('(')) {
            let name = line[..open].rsplit([' ', '*']).next().unwrap_or_default().to_owned();
            let mut declaration = line.to_owned();
            while !declaration.ends_with(';') {
                declaration.push_str(lines.next().expect("the declaration ends").trim_start());
            }
            functions.push(Function { name, comment: std::mem::take(&mut comment), declaration });
        } else if !line.is_empty() {
            comment.clear();
        }
    }
    functions
}

impl Function {
    /// The names of its arguments.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let (_, list) = self.declaration.split_once('(').expect("it has arguments");
        let list = list.trim_end_matches(");");
        let names = list.split(',').filter(|argument| *argument != "void");
        names.filter_map(|argument| argument.rsplit([' ', '*']).next()).map(str::to_owned).collect()
    }
}
