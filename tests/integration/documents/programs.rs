//! The programs in the pages, each in its own language and beside a server of its own, where this machine has what runs
//! it. Those that need the vendor's SDK, and parts of the examples, are run by the suites in `tests/sdk`.

use std::fs;
use std::process::{Command, Stdio};

use super::page::{Block, Page};
use super::served::Servers;
use super::shell::{folder, on_the_path, say_not_run, without_our_variables};
use super::{is_from_an_example, pages};

/// A language: its fence, the program that runs it, the arguments before the file, the file's name.
struct Language {
    fence: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
    file: &'static str,
    /// What the file must not contain: what the vendor's SDK is called.
    sdk: &'static str,
}

const LANGUAGES: &[Language] = &[
    Language { fence: "python", program: "python3", arguments: &[], file: "page.py", sdk: "sailpoint" },
    Language { fence: "js", program: "node", arguments: &[], file: "page.mjs", sdk: "sailpoint-api-client" },
    Language { fence: "go", program: "go", arguments: &["run"], file: "page.go", sdk: "sailpoint-oss" },
    Language {
        fence: "hcl",
        program: "terraform",
        arguments: &["fmt", "-check"],
        file: "page.tf",
        sdk: "\0",
    },
];

/// Runs a program as a page has it; it must succeed, and prints something if it is more than a setting.
fn run(page: &Page, block: &Block, language: &Language) {
    let folder = folder(&format!("documents-{}-{}", language.fence, block.line), page);
    let mut servers = Servers::new(&folder);
    for starter in
        page.blocks.iter().filter(|other| other.section == block.section && other.line < block.line)
    {
        servers.starts_one(starter);
    }
    let path = folder.join(language.file);
    fs::write(&path, servers.at_its_address(&block.text)).unwrap();
    let mut command = Command::new(on_the_path(language.program).unwrap());
    without_our_variables(&mut command).current_dir(&folder).args(language.arguments).arg(&path);
    command.envs([("GOTOOLCHAIN", "local"), ("GOPROXY", "off"), ("GOWORK", "off"), ("GO111MODULE", "off")]);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}:{}: {said}", page.path, block.line);
    let is_settled =
        language.fence == "hcl" || String::from_utf8_lossy(&output.stdout).contains("Research accounts");
    assert!(is_settled, "{}:{}: it does not print the demo fixture's groups", page.path, block.line);
}

#[test]
fn every_program_runs_as_it_stands() {
    for language in LANGUAGES {
        let pages = pages();
        let every = pages.iter().flat_map(|page| page.blocks.iter().map(move |block| (page, block)));
        let ours = |block: &Block| {
            let is_elsewhere = block.text.contains(language.sdk) || is_from_an_example(block);
            block.language == language.fence && !is_elsewhere
        };
        let mut blocks = every.filter(|(_, block)| ours(block)).peekable();
        assert!(blocks.peek().is_some(), "no page has a program in {}", language.fence);
        if on_the_path(language.program).is_none() {
            say_not_run(&format!("the programs in {}", language.fence), "it is not on this machine");
            continue;
        }
        blocks.for_each(|(page, block)| run(page, block, language));
    }
}
