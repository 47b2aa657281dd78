//! Imports only point down. Reads `src/**` and fails on a `crate::` path that leads up, or sideways into
//! another room of the same floor.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, floor by floor, as `src/lib.rs` draws them.
const FLOORS: [&[&str]; 10] = [
    &[
        "operation",
        "version",
        "prerequisites",
        "clock",
        "chance",
        "crypt",
        "document",
        "metrics",
        "wire",
        "query",
    ],
    &["contract", "scenario", "fixture"],
    &["org", "journal", "auth"],
    &["service", "verdict"],
    &["tenant"],
    &["world", "drill"],
    &["pipeline", "control"],
    &["server"],
    &["handle"],
    &["simulator"],
];

/// Rooms of floor 0 that others there may use: `wire` says by `operation` what a request was for, and every word
/// says by `document` how it is read.
const WORDS: &[&str] = &["operation", "document"];

fn floor_of(room: &str) -> usize {
    let floor = FLOORS.iter().position(|rooms| rooms.contains(&room));
    floor.unwrap_or_else(|| {
        panic!("room `{room}` stands on no floor; add it to the plan in src/lib.rs and here")
    })
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The rooms that a file's `crate::` paths lead to, `use crate::{a, b::c}` included, with line numbers.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for (place, _) in text.match_indices("crate::") {
        let line = text[..place].matches('\n').count() + 1;
        let is_doc = text[..place].rsplit('\n').next().unwrap().trim_start().starts_with("//");
        let rest = &text[place + "crate::".len()..];
        if is_doc {
            continue;
        }
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut name = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => found.push((line, std::mem::take(&mut name))),
                    _ if depth == 0 => name.push(c),
                    _ => {}
                }
            }
            found.push((line, name));
        } else {
            found.push((line, rest.chars().take_while(|&c| is_word(c)).collect()));
        }
    }
    let first = |name: String| name.trim().chars().take_while(|&c| is_word(c)).collect::<String>();
    found.into_iter().map(|(line, name)| (line, first(name))).filter(|(_, name)| !name.is_empty()).collect()
}

/// The mistakes of one file of `room`.
fn mistakes(room: &str, name: &str, text: &str) -> Vec<String> {
    let floor = floor_of(room);
    imports(text)
        .into_iter()
        .filter(|(_, other)| other != room && !WORDS.contains(&other.as_str()) && floor_of(other) >= floor)
        .map(|(line, other)| {
            format!("{name}:{line}: `{room}` (floor {floor}) imports `{other}` (floor {})", floor_of(&other))
        })
        .collect()
}

#[test]
fn imports_only_point_down() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut rooms = 0;
    for path in files(&source) {
        let name = path.strip_prefix(&source).unwrap();
        let room = name.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
        if [
            "lib",
            "allocator",
            "main",
            "cli",
            "drill_args",
            "commands",
            "files",
            "limit_args",
            "log",
            "own_files",
            "server_args",
            "tenant_args",
            "text_file",
        ]
        .contains(&room)
        {
            continue;
        }
        rooms += 1;
        found.extend(mistakes(room, &name.display().to_string(), &fs::read_to_string(&path).unwrap()));
    }
    assert!(rooms > 20, "only {rooms} files were read");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn an_import_that_points_up_or_sideways_is_found() {
    for (room, text) in [
        ("wire", "use crate::contract::Contract;"),
        ("contract", "fn f() { crate::fixture::f() }"),
        ("service", "use crate::{\n    wire::{Reply, Request},\n    world::World,\n};"),
        ("clock", "use crate::chance::Chance;"),
    ] {
        assert_eq!(mistakes(room, "x.rs", text).len(), 1, "{text}");
    }
    assert!(mistakes("server", "x.rs", "use crate::{control, pipeline};\n// crate::simulator\n").is_empty());
}

#[test]
fn nothing_of_ours_is_unsafe_but_one_call_of_the_allocator() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    assert!(read("src/lib.rs").lines().any(|line| line == "#![forbid(unsafe_code)]"));
    // Everywhere else it is an error, unless a file says that it is not.
    assert!(read("Cargo.toml").lines().any(|line| line == "unsafe_code = \"deny\""));
    let mut about_it: Vec<_> = files(&root.join("src"));
    about_it.retain(|path| fs::read_to_string(path).unwrap().contains("unsafe_code"));
    about_it.sort();
    assert_eq!(about_it, ["src/allocator.rs", "src/lib.rs"].map(|path| root.join(path)));
    assert_eq!(read("src/allocator.rs").matches("unsafe {").count(), 1);
}
