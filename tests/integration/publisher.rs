//! Who publishes the packages stands in `packages/OWNER` and nowhere else: everything else reads it there, or has a
//! placeholder.

use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Where somebody's own names may stand.
const PLACES: [&str; 8] =
    ["packages", ".github", "docs", "examples", "scenarios", "README.md", "CHANGELOG.md", "Cargo.toml"];
/// What a name of ours comes after: at GitHub, in an image's registry, in a workflow.
const BEFORE_A_NAME: [&str; 4] = ["github.com/", "ghcr.io/", "docker.io/", "uses: "];
/// What stands for a publisher: that of pages, and that of the rehearsal.
const PLACEHOLDERS: [&str; 2] = ["OWNER", "publisher"];

fn files(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        let is_made = ["dist", "node_modules", "target"].iter().any(|made| path.ends_with(made));
        let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|_| !is_made).for_each(|entry| files(&entry, found));
    } else {
        found.push(path.to_owned());
    }
}

/// The publishers in a text whose names lead to something of ours.
fn publishers(text: &str) -> Vec<&str> {
    let after =
        |before: &'static str| text.match_indices(before).map(move |(at, _)| &text[at + before.len()..]);
    let names = BEFORE_A_NAME.into_iter().flat_map(after);
    names
        .filter_map(|name| {
            let end = name.find(|letter: char| letter.is_whitespace() || "\"'`)>,;".contains(letter));
            let (publisher, rest) = name[..end.unwrap_or(name.len())].split_once('/')?;
            let is_ours = rest.starts_with("sync-group-sim") || rest.contains("/packages/");
            let is_a_variable = publisher.starts_with(['$', '{']);
            (is_ours && !is_a_variable && publisher != ".").then_some(publisher)
        })
        .collect()
}

#[test]
fn a_publisher_is_found_wherever_it_can_stand() {
    for text in [
        "module github.com/acme/sync-group-sim/packages/go",
        "image: ghcr.io/acme/sync-group-sim:1.0",
        "- uses: acme/stand-in/packages/action/drill@v1",
        "see (https://github.com/acme/sync-group-sim).",
    ] {
        assert_eq!(publishers(text), ["acme"], "{text}");
    }
    for text in ["uses: ./packages/action", "uses: actions/checkout@v5", "github.com/$owner/sync-group-sim"] {
        assert_eq!(publishers(text), [""; 0], "{text}");
    }
}

#[test]
fn only_the_file_owner_names_a_publisher() {
    let owner = fs::read_to_string(Path::new(ROOT).join("packages/OWNER")).unwrap();
    let of_file = owner.lines().find_map(|line| line.strip_prefix("repository=")).unwrap();
    let of_file = of_file.split('/').next().unwrap();
    let (mut all, mut placeholders, mut others) = (Vec::new(), 0, Vec::new());
    for place in PLACES {
        files(&Path::new(ROOT).join(place), &mut all);
    }
    for path in all.iter().filter(|path| !path.ends_with("packages/OWNER")) {
        let Ok(text) = fs::read_to_string(path) else { continue };
        // The module's own name has to be the publisher's: `packages/test` compares.
        for publisher in publishers(&text).into_iter().filter(|found| of_file.is_empty() || *found != of_file)
        {
            if PLACEHOLDERS.contains(&publisher) {
                placeholders += 1;
            } else {
                others.push(format!("{}: {publisher}", path.display()));
            }
        }
    }
    assert_eq!(others, [""; 0], "expected OWNER there, and the name in packages/OWNER");
    assert!(placeholders >= 4, "{placeholders} placeholders: nothing was looked at");
}
