//! What stands in the repository's own documents is true.

use std::process::Command;

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
fn the_readme_and_the_front_page_draw_the_same_house() {
    let house = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|line| line.trim_start_matches("//! ").to_owned());
        lines
            .filter(|line| line.len() > 3 && line.as_bytes()[0].is_ascii_digit() && &line[1..3] == "  ")
            .collect()
    };
    let drawn = house(README);
    assert_eq!(drawn.len(), 8);
    assert_eq!(drawn, house(include_str!("../../src/lib.rs")));
}

#[test]
fn the_readmes_example_is_a_test() {
    let example = README.split("```rust\n").nth(1).unwrap().split("```").next().unwrap();
    let tested = include_str!("readme_example.rs").split_once("\n\n").unwrap().1;
    assert_eq!(example, tested);
}
