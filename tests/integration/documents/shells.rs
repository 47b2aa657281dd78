//! The blocks that people paste into a terminal: they run, in both shells, and print what the page says they print.

use std::collections::BTreeMap;

use super::page::{Block, Page};
use super::shell::{Ran, Shell, on_the_path, say_not_run};
use super::{is_from_an_example, pages};

/// Blocks that are not run here, each with the reason.
const NOT_RUN: &[(&str, &str)] = &[
    ("cargo install --path . --locked", "it installs"),
    ("cargo test", "it is running"),
    ("tests/run", "it runs this"),
    ("cargo build --release", "it builds"),
    ("python3 -m pip install", "it downloads"),
    ("packages/build", "it builds"),
    ("packages/image/build", "packages/image/test builds it"),
    ("packages/action/ci.sh", "packages/action/rehearse plays it"),
    ("packages/nginx/configure", "packages/nginx/test runs it"),
    ("docker ", "it needs a daemon"),
    ("pip install --no-index", "it installs"),
    ("pip install -e", "it downloads"),
    ("node CHECKOUT", "it names a checkout; packages/test installs it"),
    ("tar -xzf packages/dist", "packages/test makes and reads archives"),
    ("npm install", "it downloads"),
    ("go get ", "it downloads"),
    ("go mod edit -replace", "it names a checkout; packages/test does the same"),
    ("Install-Module", "it downloads"),
    ("Import-Module CHECKOUT", "it names a checkout; packages/test imports it"),
    ("Import-Module PSSailpoint", "the module is the vendor's"),
    ("terraform init", "it downloads"),
    ("sync-group-sim drill", "it takes a client of yours"),
    ("go build -o sync", "tests/drill/first builds and drills it"),
];

/// Where a page shows a status from 400 up: the page, the section, the statuses in their order.
const REFUSALS: &[(&str, &str, &[u16])] = &[
    ("docs/control-api.md", "The journal", &[401]),
    ("docs/tests.md", "One test, call by call", &[500]),
    ("scenarios/README.md", "Write your own in five minutes", &[500]),
];

fn is_left_out(block: &Block) -> bool {
    NOT_RUN.iter().any(|(start, _)| block.text.starts_with(start)) || is_from_an_example(block)
}

/// A language's program that a block calls and that this machine does not have.
fn missing_program(block: &Block) -> Option<&'static str> {
    let calls = |program| block.text.lines().any(|line| line.split(' ').next() == Some(program));
    ["python3", "node"].into_iter().find(|program| calls(*program) && on_the_path(program).is_none())
}

#[test]
fn every_block_that_is_not_run_has_a_reason_that_holds() {
    let pages = pages();
    for (start, _) in NOT_RUN {
        let is_used = pages.iter().any(|page| page.blocks.iter().any(|block| block.text.starts_with(start)));
        assert!(is_used, "no block starts with `{start}`");
    }
}

/// The block whose output a `text` block shows: the one before it, with one paragraph between them.
fn shown_by<'a>(page: &'a Page, text: &Block) -> Option<&'a Block> {
    let index = page.blocks.iter().position(|block| block.line == text.line)?;
    let before = page.blocks[..index].last()?;
    let is_shell = ["sh", "shell"].contains(&before.language.as_str());
    (text.before.len() == 1 && before.section == text.section && is_shell).then_some(before)
}

/// Whether a page's text shows what was printed: line by line, `…` alone for any number of lines.
fn shows(text: &[&str], printed: &[&str]) -> bool {
    match text {
        [] => true,
        [first, rest @ ..] if first.trim() == "…" => {
            (0..=printed.len()).any(|from| shows(rest, &printed[from..]))
        }
        [first, rest @ ..] => {
            printed.first().is_some_and(|line| line.trim_end() == *first) && shows(rest, &printed[1..])
        }
    }
}

fn check_outputs(page: &Page, ran: &BTreeMap<usize, Ran>) -> usize {
    let texts = page.blocks_in(&["text"]);
    let shown = texts.filter_map(|text| Some((text, ran.get(&shown_by(page, text)?.line)?)));
    shown
        .map(|(text, ran)| {
            let (told, printed): (Vec<_>, Vec<_>) =
                (text.text.lines().collect(), ran.printed.lines().collect());
            assert!(shows(&told, &printed), "{}:{}: printed was\n{}", page.path, text.line, ran.printed);
        })
        .count()
}

fn check_statuses(page: &Page, ran: &BTreeMap<usize, Ran>) {
    for section in page.sections() {
        let blocks = section.iter().filter_map(|block| ran.get(&block.line));
        let found: Vec<u16> = blocks
            .flat_map(|ran| &ran.statuses)
            .copied()
            .filter(|status| !(200..400).contains(status))
            .collect();
        let name = &section[0].section;
        let expected = REFUSALS.iter().find(|(path, heading, _)| *path == page.path && heading == name);
        assert_eq!(
            found,
            expected.map_or(&[][..], |(.., statuses)| *statuses),
            "{} under `{name}`",
            page.path
        );
    }
}

/// How many blocks of all pages ran, and how many outputs were compared.
fn run_all(shell: Shell) -> Option<(usize, usize)> {
    let Some(program) = shell.program() else {
        say_not_run(&format!("the blocks of the documents in {shell:?}"), shell.missing());
        return None;
    };
    let (mut blocks, mut outputs) = (0, 0);
    for page in pages() {
        for block in &page.blocks {
            if let Some(program) = missing_program(block).filter(|_| shell.takes(block)) {
                say_not_run(
                    &format!("{}:{} in {shell:?}", page.path, block.line),
                    &format!("there is no {program}"),
                );
            }
        }
        let is_out = |block: &Block| is_left_out(block) || missing_program(block).is_some();
        if page.blocks.iter().any(|block| shell.takes(block) && !is_out(block)) {
            let ran = shell.run(&program, &page, is_out);
            blocks += ran.len();
            outputs += check_outputs(&page, &ran);
            if shell == Shell::Bash {
                check_statuses(&page, &ran);
            }
        }
    }
    Some((blocks, outputs))
}

#[test]
fn every_shell_block_runs_as_it_stands() {
    if let Some((blocks, outputs)) = run_all(Shell::Bash) {
        assert!(blocks > 20 && outputs >= 2, "{blocks} blocks, {outputs} outputs");
    }
}

#[test]
fn every_powershell_block_runs_as_it_stands() {
    if let Some((blocks, outputs)) = run_all(Shell::PowerShell) {
        assert!(blocks > 20 && outputs >= 2, "{blocks} blocks, {outputs} outputs");
    }
}

#[test]
fn a_text_with_a_gap_shows_what_was_printed_around_it() {
    assert!(shows(&["a", "…"], &["a", "b", "c"]));
    assert!(shows(&["a", "…", "d"], &["a", "b", "c", "d"]));
    assert!(!shows(&["a", "c"], &["a", "b", "c"]));
    assert!(!shows(&["a", "…", "e"], &["a", "b"]));
}
