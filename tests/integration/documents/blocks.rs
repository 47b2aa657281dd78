//! The blocks that nothing runs: scenarios and fixtures, JSON, and Cargo's lines.

use std::fs;

use serde_json::Value;

use super::shell::folder;
use super::{page, pages};
use crate::harness::process::run;

#[test]
fn every_yaml_block_is_a_scenario_or_a_fixture() {
    let mut checked = 0;
    for page in pages() {
        let folder = folder("documents-yaml", &page);
        for block in page.blocks_in(&["yaml"]) {
            let path = folder.join(format!("line-{}.yaml", block.line));
            fs::write(&path, &block.text).unwrap();
            let (code, _, stderr) = run(&["check", &path.to_string_lossy()]);
            assert_eq!(code, 0, "{}:{}: {stderr}", page.path, block.line);
            checked += 1;
        }
    }
    assert!(checked > 30, "{checked}");
}

/// What stands behind the place in a message: `x.yaml:3:5: …`.
fn without_place(line: &str) -> Option<&str> {
    let (place, message) = line.split_once(": ")?;
    place.ends_with(|c: char| c.is_ascii_digit()).then_some(message)
}

#[test]
fn the_messages_that_the_scenario_reference_shows_are_those_that_are_told() {
    let told = include_str!("../../mistakes/files.txt");
    let told: Vec<&str> = told.lines().filter_map(without_place).collect();
    let page = page("scenarios/README.md");
    let block = page.blocks_in(&["text"]).find(|block| block.section == "What is an error").unwrap();
    let shown: Vec<&str> = block.text.lines().filter_map(without_place).collect();
    assert!(shown.len() > 5, "{shown:?}");
    let untrue: Vec<_> = shown.into_iter().filter(|message| !told.contains(message)).collect();
    assert_eq!(untrue, [""; 0], "expected messages of tests/mistakes/files.txt");
}

#[test]
fn every_json_block_is_json() {
    for page in pages() {
        for block in page.blocks_in(&["json"]) {
            let read: Result<Value, _> = serde_json::from_str(&block.text);
            assert!(read.is_ok(), "{}:{}: {read:?}", page.path, block.line);
        }
    }
}

/// The value of a key in Cargo's settings, on one line.
fn setting<'a>(settings: &'a str, key: &str) -> &'a str {
    let line = settings.lines().find(|line| line.split(" =").next() == Some(key));
    line.unwrap_or_else(|| panic!("no `{key}`")).split_once('=').unwrap().1.trim()
}

/// The first part of a version: `"1.12"` or `{ version = "1.12", … }`.
fn major(setting: &str) -> &str {
    setting.split('"').nth(1).unwrap().split('.').next().unwrap()
}

#[test]
fn the_cargo_lines_for_embedders_are_those_of_this_package() {
    let page = page("docs/clients/rust.md");
    let lines = &page.blocks_in(&["toml"]).next().unwrap().text;
    let ours = include_str!("../../../Cargo.toml");
    let package = setting(ours, "name").trim_matches('"');
    assert!(setting(lines, package).contains("default-features = false"));
    for used in ["hyper", "tokio"] {
        assert_eq!(major(setting(lines, used)), major(setting(ours, used)), "{used}");
    }
    assert!(
        ours.lines().any(|line| line == r#"default = ["cli"]"#),
        "nothing is left out without the default"
    );
}
