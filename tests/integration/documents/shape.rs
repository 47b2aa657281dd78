//! How pages look: length, columns, links, a PowerShell block beside each shell block.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::page::Page;
use super::{ROOT, page, pages};

/// Made from the service's documents and from the verdicts; `fidelity.rs` and `verdicts.rs` compare them.
const GENERATED: [&str; 2] = ["docs/fidelity.md", "docs/verdicts.md"];

#[test]
fn the_readme_is_short() {
    let lines = page("README.md").lines.len();
    assert!(
        lines <= 200,
        "README.md has {lines} lines; expected 200 at most: the reference belongs in docs/"
    );
}

#[test]
fn no_line_of_prose_is_longer_than_120_columns() {
    let mut long = Vec::new();
    for page in pages().iter().filter(|page| !GENERATED.contains(&&*page.path)) {
        let prose = page.lines.iter().filter(|line| !line.is_in_block && !line.text.starts_with('|'));
        let found = prose.filter(|line| line.text.chars().count() > 120);
        long.extend(found.map(|line| format!("{}:{}", page.path, line.number)));
    }
    assert_eq!(long, [""; 0]);
}

/// The file that a link on a page leads to, from the root.
fn target(page: &Page, link: &str) -> PathBuf {
    let mut path = Path::new(&page.path).parent().unwrap().to_owned();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => assert!(path.pop(), "{}: {link} leads out of the repository", page.path),
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    path
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_are_there() {
    let mut broken = Vec::new();
    for from in &pages() {
        for (line, link) in from.links() {
            if link.starts_with("https://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let to = if file.is_empty() { PathBuf::from(&from.path) } else { target(from, file) };
            let is_there = Path::new(ROOT).join(&to).exists();
            let has_heading = || page(&to.to_string_lossy()).anchors().iter().any(|found| found == anchor);
            if !is_there || (!anchor.is_empty() && !has_heading()) {
                broken.push(format!("{}:{line}: {link}", from.path));
            }
        }
    }
    assert_eq!(broken, [""; 0]);
}

#[test]
fn every_page_can_be_reached_from_the_readme() {
    let (mut reached, mut next) = (BTreeSet::new(), vec!["README.md".to_owned()]);
    while let Some(path) = next.pop() {
        if Path::new(&path).extension().is_none_or(|ending| ending != "md") || !reached.insert(path.clone()) {
            continue;
        }
        let page = page(&path);
        let links = page.links().into_iter().map(|(_, link)| link.split('#').next().unwrap());
        let inside = links.filter(|link| !link.is_empty() && !link.starts_with("https://"));
        next.extend(inside.map(|link| target(&page, link).to_string_lossy().replace('\\', "/")));
    }
    let lost: Vec<_> =
        pages().into_iter().map(|page| page.path).filter(|path| !reached.contains(path)).collect();
    assert_eq!(lost, [""; 0]);
}

/// Blocks in `shell` are the same in every shell; one in `sh` is for POSIX shells alone.
#[test]
fn every_shell_block_has_its_powershell_beside_it() {
    let mut alone = Vec::new();
    for page in pages() {
        for (index, block) in page.blocks.iter().enumerate().filter(|(_, block)| block.language == "sh") {
            let next = page.blocks.get(index + 1);
            if next.is_none_or(|next| next.language != "powershell" || next.section != block.section) {
                alone.push(format!("{}:{}", page.path, block.line));
            }
        }
    }
    assert_eq!(alone, [""; 0], "expected a powershell block after each of these");
}

/// What a fence may say; each has tests of its own.
#[test]
fn every_block_names_its_language() {
    let known = [
        "sh",
        "powershell",
        "shell",
        "text",
        "yaml",
        "yml",
        "json",
        "toml",
        "rust",
        "python",
        "js",
        "go",
        "hcl",
    ];
    for page in pages() {
        for block in &page.blocks {
            let language = block.language.as_str();
            assert!(known.contains(&language), "{}:{}: `{language}`", page.path, block.line);
        }
    }
}
