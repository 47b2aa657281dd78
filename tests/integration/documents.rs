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

/// A default as the help has it, from how a person reads it: `64 KiB`, `5 min`, `10,000`.
fn as_an_option_has_it(told: &str) -> String {
    let told = told.replace(',', "");
    match told.split_once(' ') {
        Some((number, "KiB")) => (number.parse::<u64>().unwrap() << 10).to_string(),
        Some((number, "MiB")) => (number.parse::<u64>().unwrap() << 20).to_string(),
        Some((number, "s")) => format!("{number}s"),
        Some((number, "min")) => format!("{number}m"),
        Some(_) => panic!("`{told}` is not a default"),
        None => told,
    }
}

#[test]
fn the_readme_tells_every_limit_with_its_default() {
    let help = stdout(&["serve", "--help"]);
    let limits = help.split("Limits:").nth(1).unwrap();
    let default = |text: &str| text.split("[default: ").nth(1)?.split(']').next().map(str::to_owned);
    let mut expected: Vec<(String, String)> = limits
        .split("\n      --")
        .skip(1)
        .map(|text| (text.split_whitespace().next().unwrap().to_owned(), default(text).unwrap()))
        .collect();
    let table = README.lines().skip_while(|line| !line.starts_with("| option | default |")).skip(2);
    let mut told = Vec::new();
    for row in table.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        for (option, default) in cells[1].split(" · ").zip(cells[2].split(" · ")) {
            let name = option.trim_matches('`').trim_start_matches("--").split(' ').next().unwrap();
            told.push((name.to_owned(), as_an_option_has_it(default)));
        }
    }
    expected.sort();
    told.sort();
    assert!(told.len() > 10);
    assert_eq!(told, expected);
    let lifetime = help.split("--token-lifetime").nth(1).and_then(default).unwrap();
    assert!(README.contains(&format!("--token-lifetime {lifetime} ")), "{lifetime}");
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
