//! What stands in the repository's own documents is true.

use std::process::Command;

use serde_json::Value;

const README: &str = include_str!("../../README.md");

fn stdout(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_sync-group-sim")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_readme_names_every_option_and_command() {
    let help = stdout(&["serve", "--help"]);
    let options: Vec<_> =
        help.split_whitespace().filter(|word| word.starts_with("--") && *word != "--help").collect();
    assert!(options.len() >= 15, "{options:?}");
    for option in options {
        assert!(README.contains(option), "{option} is not in the README");
    }
    let help = stdout(&["--help"]);
    let commands = help.split("Commands:").nth(1).unwrap().split("\n\n").next().unwrap();
    for command in commands.lines().filter_map(|line| line.split_whitespace().next()) {
        assert!(
            ["help", "serve"].contains(&command) || README.contains(&format!("sync-group-sim {command}")),
            "{command}"
        );
    }
}

#[test]
fn the_fidelity_table_has_every_operation_and_status_of_the_contract() {
    let document: Value = serde_json::from_str(&stdout(&["openapi"])).unwrap();
    let rows: Vec<Vec<&str>> = README
        .lines()
        .filter(|line| line.starts_with("| "))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let has = |operation: &str, status: &str| {
        rows.iter().any(|row| {
            (row[1] == operation || row[1] == "any")
                && row[2] == status
                && ["documented", "observed", "invented"].contains(&row[3])
        })
    };
    let mut seen = 0;
    for operation in
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values())
    {
        let id = operation["operationId"].as_str().unwrap();
        for status in operation["responses"].as_object().unwrap().keys() {
            // A get of one group has nothing that could be illegal.
            if status == "400" && ["getPasswordSyncGroup", "deletePasswordSyncGroup"].contains(&id) {
                continue;
            }
            assert!(has(id, status), "{id} {status} is not in the fidelity table");
            seen += 1;
        }
    }
    assert!(seen > 25, "{seen}");
}

#[test]
fn the_readme_and_the_front_page_draw_the_same_house() {
    let house = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|line| line.trim_start_matches("//! ").to_owned());
        lines
            .filter(|line| line.len() > 3 && line.as_bytes()[0].is_ascii_digit() && &line[1..3] == "  ")
            .collect()
    };
    let drawn = house(README);
    assert_eq!(drawn.len(), 10);
    assert_eq!(drawn, house(include_str!("../../src/lib.rs")));
}

#[test]
fn the_readmes_example_is_a_test() {
    let example = README.split("```rust\n").nth(1).unwrap().split("```").next().unwrap();
    let tested = include_str!("readme_example.rs").split_once("\n\n").unwrap().1;
    assert_eq!(example, tested);
}
