//! The repository's own documents are true.

use crate::harness::process::run;

const README: &str = include_str!("../../README.md");

fn stdout(arguments: &[&str]) -> String {
    let (code, stdout, stderr) = run(arguments);
    assert_eq!(code, 0, "{arguments:?}: {stderr}");
    stdout
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
fn the_readme_lists_every_limit_with_its_default() {
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
