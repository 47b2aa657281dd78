//! The repository's own documents are true: every page is read as a newcomer reads it. Here are only the pages; the
//! modules say what is asked of them.

/// The blocks that nothing runs: files and settings.
mod blocks;
/// The page of every field of a fixture.
mod fixture_fields;
/// Finding a page's parts: sections, blocks, links.
mod page;
/// The programs in the pages, each in its own language.
mod programs;
/// The example of a test in Rust.
mod rust_example;
/// The servers beside which blocks run.
mod served;
/// How pages look: length, columns, links, a PowerShell block beside each shell block.
mod shape;
/// A shell that runs the blocks of a page.
mod shell;
/// The blocks that people paste into a terminal.
mod shells;
/// The tables, beside what the program says of itself.
mod tables;

use std::fs;
use std::path::{Path, PathBuf};

use page::{Block, Page};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Every page that a user of the program reads, by its path from the root.
fn pages() -> Vec<Page> {
    let mut paths: Vec<PathBuf> =
        ["README.md", "scenarios/README.md", "examples/README.md"].map(PathBuf::from).into();
    for folder in ["docs", "docs/clients"] {
        let entries = fs::read_dir(Path::new(ROOT).join(folder)).unwrap();
        let names = entries.map(|entry| Path::new(folder).join(entry.unwrap().file_name()));
        paths.extend(names.filter(|path| path.extension().is_some_and(|ending| ending == "md")));
    }
    paths.sort();
    paths.into_iter().map(|path| page(&path.to_string_lossy().replace('\\', "/"))).collect()
}

/// Whether a block is a part of an example, word for word; the examples are run by `tests/sdk/run`, those of packages by
/// `packages/test`.
fn is_from_an_example(block: &Block) -> bool {
    let examples = fs::read_dir(Path::new(ROOT).join("examples")).unwrap().map(|entry| entry.unwrap().path());
    let packages = ["python/tests", "node/test", "go/testdata", "powershell/tests"]
        .map(|tests| Path::new(ROOT).join("packages").join(tests));
    let folders = examples.chain(packages);
    let files = folders.filter(|path| path.is_dir()).flat_map(|folder| fs::read_dir(folder).unwrap());
    let mut texts = files.filter_map(|entry| fs::read_to_string(entry.unwrap().path()).ok());
    texts.any(|text| text.replace("\r\n", "\n").contains(&block.text))
}

/// The page at a path from the root.
fn page(path: &str) -> Page {
    let text =
        fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    Page::read(path, &text.replace("\r\n", "\n"))
}
