//! What an app can name, read from generated Swift: the one of the three languages that marks it, with `public`, `open` and `case`.
//!
//! It is read by line, not parsed: the generator's layout is pinned by its version in `Cargo.lock`, and a wrong line would only
//! make the snapshot less pretty, since both sides of the comparison are read alike.

/// Words of declarations that only the generator needs.
const INTERNAL: [&str; 6] = [
    "FfiConverter",
    // The initializer of a record repeats its fields.
    "public init(",
    "uniffi",
    "NoHandle",
    "noHandle",
    "errorDescription",
];

/// Lines that begin with one of these can be named by an app.
const MARKS: [&str; 3] = ["public ", "open ", "case "];

/// The public declarations of generated Swift, one a line, without bodies.
pub(super) fn surface_of(swift: &str) -> String {
    let mut lines = swift.lines().filter(|line| !is_comment(line));
    let mut surface = String::new();
    while let Some(line) = lines.next() {
        if is_hidden(line) && is_open(line) {
            lines.by_ref().find(|line| line.starts_with('}'));
            continue;
        }
        let mut declaration = line.trim().to_owned();
        if declaration == "public" {
            declaration.push(' ');
            declaration.push_str(lines.next().unwrap_or_default().trim());
        }
        if !MARKS.iter().any(|mark| declaration.starts_with(mark))
            || is_branch(&declaration)
            || is_internal(&declaration)
        {
            continue;
        }
        while declaration.matches('(').count() > declaration.matches(')').count()
            && !declaration.contains('{')
        {
            let Some(next) = lines.next() else { break };
            declaration.push_str(next.trim());
        }
        surface.push_str(&without_body(&declaration));
        surface.push('\n');
    }
    surface
}

/// Only the head counts: a function that returns nothing has its body, with internal names, on the same line.
fn is_internal(declaration: &str) -> bool {
    let head = declaration.split('{').next().unwrap_or_default();
    INTERNAL.iter().any(|word| head.contains(word))
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    ["//", "/*", "*"].iter().any(|mark| line.starts_with(mark))
}

/// A declaration at the top level that no app sees.
fn is_hidden(line: &str) -> bool {
    [
        "private ",
        "fileprivate ",
        "extension FfiConverter",
        "public struct FfiConverter",
    ]
    .iter()
    .any(|mark| line.starts_with(mark))
}

fn is_open(line: &str) -> bool {
    let count = |letter: char| line.matches(letter).count();
    count('{') > count('}') || count('(') > count(')')
}

/// A branch of a switch, not a variant.
fn is_branch(line: &str) -> bool {
    line.starts_with("case let ")
        || line.starts_with("case .")
        || (line.starts_with("case ") && (line.ends_with(':') || line.contains(": return")))
}

fn without_body(declaration: &str) -> String {
    let head = declaration.split('{').next().unwrap_or_default();
    let words: Vec<&str> = head.split_whitespace().collect();
    words.join(" ").replace(")throws", ") throws")
}

/// The first line that differs, counted from 1, with what stands on both sides.
pub(super) fn first_difference(expected: &str, actual: &str) -> Option<(usize, String, String)> {
    let mut expected = expected.lines();
    let mut actual = actual.lines();
    let mut number = 0;
    loop {
        number += 1;
        match (expected.next(), actual.next()) {
            (None, None) => return None,
            (left, right) if left == right => {}
            (left, right) => {
                let text = |line: Option<&str>| line.unwrap_or("(nothing)").to_owned();
                return Some((number, text(left), text(right)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SWIFT: &str = r#"
fileprivate enum UniffiInternalError: LocalizedError {
    case bufferOverflow
    public var errorDescription: String? {
        switch self {
        case .bufferOverflow: return "…"
        }
    }
}
private func makeRustCall<T>(
    _ callback: () -> T
) throws -> T {
    switch status {
        case CALL_SUCCESS:
    }
}
/**
 * public words in a comment
 */
open class Book: BookProtocol, @unchecked Sendable {
    public struct NoHandle {
        public init() {}
    }
public static func `open`(path: String)throws  -> Book  {
    return try rustCall()
}
open func rows(max: UInt32) -> [Row]  {
}
open func forget()throws   {try rustCallWithError(FfiConverterTypeBookError_lift) {
}
}
}
public struct FfiConverterTypeBook: FfiConverter {
    public static func lower(_ value: Book) -> UInt64 {
    }
}
public 
enum BookError: Swift.Error, Equatable {
    case offline
    case rejected(
        code: UInt32,
        reason: String
    )
}
public func sdkVersion() -> String  {
}
"#;

    #[test]
    fn the_surface_is_what_an_app_can_name() {
        assert_eq!(
            surface_of(SWIFT),
            "open class Book: BookProtocol, @unchecked Sendable\n\
             public static func `open`(path: String) throws -> Book\n\
             open func rows(max: UInt32) -> [Row]\n\
             open func forget() throws\n\
             public enum BookError: Swift.Error, Equatable\n\
             case offline\n\
             case rejected(code: UInt32,reason: String)\n\
             public func sdkVersion() -> String\n"
        );
    }

    #[test]
    fn the_first_line_that_differs_is_named() {
        let found = |expected: &str, actual: &str| first_difference(expected, actual);
        let line =
            |number, left: &str, right: &str| Some((number, left.to_owned(), right.to_owned()));
        assert_eq!(found("a\nb\n", "a\nb\n"), None);
        assert_eq!(found("a\nb\n", "a\nc\n"), line(2, "b", "c"));
        assert_eq!(found("a\n", "a\nb\n"), line(2, "(nothing)", "b"));
    }
}
