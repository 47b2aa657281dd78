//! The tables of the reference, beside what the program says of itself: both list the same things.

use std::collections::BTreeMap;

use hyper::Method;
use serde_json::Value;
use sync_group_sim::scenario::library;
use sync_group_sim::{Config, Fixture, Simulator};

use super::page;
use crate::harness::ask::request;
use crate::harness::process::run;

fn stdout(arguments: &[&str]) -> String {
    let (code, stdout, stderr) = run(arguments);
    assert_eq!(code, 0, "{arguments:?}: {stderr}");
    stdout
}

/// What a help text says of an option.
#[derive(Debug)]
struct Told {
    name: String,
    default: Option<String>,
    variable: Option<String>,
}

/// The options in a help text, `--help` left out.
fn options(help: &str) -> Vec<Told> {
    let between = |text: &str, start: &str, end: &str| {
        Some(text.split_once(start)?.1.split_once(end)?.0.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let entries = help.split("\n      --").skip(1).map(|text| text.split("\n\n").next().unwrap_or(text));
    entries
        .map(|text| Told {
            name: text.split(|end: char| end.is_whitespace() || end == '[').next().unwrap().to_owned(),
            default: between(text, "[default: ", "]"),
            variable: between(text, "[env: ", "]").map(|text| text.split('=').next().unwrap().to_owned()),
        })
        .collect()
}

fn name_in(cell: &str) -> String {
    let option =
        cell.trim_matches('`').strip_prefix("--").unwrap_or_else(|| panic!("`{cell}`: not an option"));
    option.split(' ').next().unwrap().to_owned()
}

#[test]
fn the_tables_of_options_say_what_the_help_says() {
    let page = page("docs/options.md");
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for section in ["Serving", "Tenants", "https"] {
        told.extend(page.rows(section).into_iter().map(|row| (name_in(&row[0]), row)));
    }
    let help = stdout(&["serve", "--help"]);
    let (general, limits) = help.split_once("Limits:").unwrap();
    let expected = options(general);
    assert!(expected.len() >= 15, "{expected:?}");
    let names: Vec<_> = told.keys().cloned().collect();
    let mut listed: Vec<_> = expected.iter().map(|option| option.name.clone()).collect();
    listed.sort();
    assert_eq!(names, listed);
    for option in expected {
        let row = &told[&option.name];
        let variable = option.variable.expect("every option is also a variable");
        assert_eq!(row[2], format!("`{variable}`"), "{}", option.name);
        if let Some(default) = option.default {
            assert_eq!(row[1], format!("`{default}`"), "{}", option.name);
        }
    }
    let lifetime = told["token-lifetime"][1].trim_matches('`').trim_end_matches('s');
    let is_told =
        |path| super::page(path).lines.iter().any(|line| line.text.contains(&format!("{lifetime} seconds")));
    assert!(is_told("README.md") && is_told("docs/fixtures.md"), "a token lives for {lifetime} seconds");
    for option in options(limits) {
        let variable = format!("SYNC_GROUP_SIM_{}", option.name.replace('-', "_").to_uppercase());
        assert_eq!(option.variable, Some(variable));
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
fn the_table_of_limits_has_each_with_its_default() {
    let help = stdout(&["serve", "--help"]);
    let limits = options(help.split("Limits:").nth(1).unwrap());
    let mut expected: Vec<_> = limits
        .into_iter()
        .map(|option| (option.name, option.default.expect("a limit has a default")))
        .collect();
    let rows = page("docs/options.md").rows("Limits");
    let mut told: Vec<_> = rows.iter().map(|row| (name_in(&row[0]), as_an_option_has_it(&row[1]))).collect();
    expected.sort();
    told.sort();
    assert!(told.len() > 10);
    assert_eq!(told, expected);
}

#[test]
fn the_table_of_commands_has_each_with_its_options() {
    let help = stdout(&["--help"]);
    let commands = help.split("Commands:").nth(1).unwrap().split("\n\n").next().unwrap();
    // What a command does may go on in further lines, far to the right.
    let commands = commands.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let commands: Vec<_> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    let rows = page("docs/options.md").rows("Commands");
    for command in commands.iter().copied() {
        if ["help", "serve"].contains(&command) {
            continue;
        }
        let starts = format!("`sync-group-sim {command}");
        let row =
            rows.iter().find(|row| row[0].starts_with(&starts) && !row[0][starts.len()..].starts_with('-'));
        let row = row.unwrap_or_else(|| panic!("`{command}` is not among the commands"));
        for option in options(&stdout(&[command, "--help"])) {
            assert!(row[1].contains(&format!("`--{}", option.name)), "{command} --{}", option.name);
        }
    }
    assert_eq!(rows.len(), commands.len() - 1);
}

#[test]
fn the_table_of_control_calls_has_each() {
    let simulator = Simulator::new(Config::default()).unwrap();
    let listed = simulator.answer(&request(Method::GET, "/_sim", None, None)).reply;
    let listed: Value = serde_json::from_slice(&listed.body).unwrap();
    let calls = listed["calls"].as_array().unwrap().iter().map(|call| call.as_str().unwrap());
    let mut expected: Vec<_> = calls
        .map(|call| {
            let (method, url) = call.split_once(' ').unwrap();
            let url = url.split(' ').next().unwrap();
            format!("{method} /_sim{}", url.split_once("/_sim").unwrap().1.trim_end_matches('/'))
        })
        .collect();
    let rows = page("docs/control-api.md").rows("The calls");
    let mut told: Vec<_> = rows.iter().map(|row| row[0].trim_matches('`').to_owned()).collect();
    expected.sort();
    told.sort();
    assert_eq!(told, expected);
}

#[test]
fn the_built_in_fixtures_and_scenarios_are_listed() {
    let told: Vec<_> =
        page("docs/fixtures.md").rows("Built-in fixtures").into_iter().map(|row| row[0].clone()).collect();
    let listed = stdout(&["fixtures"]);
    let expected: Vec<_> = listed
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with(' '))
        .map(|line| format!("`{}`", line.split_whitespace().next().unwrap()))
        .collect();
    assert_eq!(told, expected);
    let reference = page("scenarios/README.md");
    let links: Vec<_> = reference.links().into_iter().map(|(_, link)| link).collect();
    for (name, _) in library::BUILT_IN {
        assert!(links.contains(&format!("{name}.yaml").as_str()), "{name} is not in scenarios/README.md");
    }
    let clients = Fixture::built_in("empty").unwrap().clients.clone();
    let expected: Vec<_> = clients.iter().map(|client| format!("`{}`", client.name)).collect();
    let told: Vec<_> =
        page("docs/fixtures.md").rows("Clients").into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(told, expected);
}

#[test]
fn the_page_and_the_front_page_draw_the_same_house() {
    let house = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|line| line.trim_start_matches("//! ").to_owned());
        lines
            .filter(|line| line.len() > 3 && line.as_bytes()[0].is_ascii_digit() && &line[1..3] == "  ")
            .collect()
    };
    let drawn = house(&page("docs/how-it-is-built.md").blocks[0].text);
    assert_eq!(drawn.len(), 10);
    assert_eq!(drawn, house(include_str!("../../../src/lib.rs")));
}
