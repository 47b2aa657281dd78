//! What people get wrong, and what they are told: the cases are in `tests/mistakes/`, each with what is written and, below
//! a line `----`, the message. `BLESS=1` writes the messages anew; then read each of them aloud.

use std::fmt::Write as _;
use std::path::PathBuf;

use hyper::Method;
use hyper::header::{CONTENT_TYPE, HOST};
use sync_group_sim::wire::Request;

use crate::harness::control::Sim;
use crate::harness::process::{binary, file, run};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mistakes");

/// A mistake: what it is, what is written, and what is told.
struct Case {
    title: String,
    written: String,
    told: String,
}

/// The cases of a file. Each begins with a line `==== ` and its title.
fn cases(name: &str) -> Vec<Case> {
    let text = std::fs::read_to_string(PathBuf::from(FOLDER).join(name)).unwrap();
    let cases = text.split("==== ").skip(1).map(|case| {
        let (title, rest) = case.split_once('\n').unwrap();
        let (written, told) = rest.split_once("----\n").unwrap_or((rest, ""));
        Case { title: title.to_owned(), written: written.to_owned(), told: told.trim_end().to_owned() }
    });
    cases.collect()
}

/// Compares what is told in each case with what the file says, and looks for what no message may have.
fn check(name: &str, cases: &[Case], told: &[String]) {
    let mut text = String::new();
    for (case, told) in cases.iter().zip(told) {
        writeln!(text, "==== {}\n{}----\n{}\n", case.title, case.written, told.trim_end()).unwrap();
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(PathBuf::from(FOLDER).join(name), text.trim_end().to_owned() + "\n").unwrap();
    }
    for (case, told) in cases.iter().zip(told) {
        if std::env::var_os("BLESS").is_none() {
            assert_eq!(told.trim_end(), case.told, "{name}: {}", case.title);
        }
        assert!(!told.trim().is_empty(), "{name}: {}: nothing is told", case.title);
        let is_in_our_words = !FOREIGN.iter().any(|foreign| told.contains(foreign));
        assert!(is_in_our_words, "{name}: {}: a library's words: {told}", case.title);
        for line in told.lines() {
            let says_what = ["expected ", "did you mean", "write ", "lists", "more mistake"];
            assert!(says_what.iter().any(|word| line.contains(word)), "{name}: {}: {line}", case.title);
        }
    }
}

/// Parts of messages of the libraries and of the system, and of Rust's types.
const FOREIGN: [&str; 22] = [
    "os error",
    "at line ",
    "invalid type",
    "invalid value",
    "invalid digit",
    "missing field",
    "did not match",
    "unexpected argument",
    "possible values",
    "For more information",
    "Usage:",
    "tip:",
    "stream did not",
    "while parsing",
    "EOF",
    "u16",
    "u64",
    "f64",
    "usize",
    "Option<",
    "Error(",
    "::",
];

/// What `check` says of each case's text as a file.
fn told_of_files(folder: &str, extension: &str, cases: &[Case]) -> Vec<String> {
    let name = |index: usize| format!("{index:03}.{extension}");
    let paths: Vec<PathBuf> =
        cases.iter().enumerate().map(|(index, case)| file(folder, &name(index), &case.written)).collect();
    let (code, _, told) = {
        let arguments: Vec<&str> =
            std::iter::once("check").chain(paths.iter().map(|path| path.to_str().unwrap())).collect();
        run(&arguments)
    };
    assert_eq!(code, 1, "{told}");
    let lines_of = |path: &PathBuf| {
        let begins = format!("{}:", path.display());
        let lines = told.lines().filter_map(|line| line.strip_prefix(&begins));
        lines.map(|line| format!("my.{extension}:{line}")).collect::<Vec<_>>().join("\n")
    };
    paths.iter().map(lines_of).collect()
}

#[test]
fn a_mistake_in_a_yaml_file_is_told_in_our_words() {
    let cases = cases("files.txt");
    check("files.txt", &cases, &told_of_files("mistakes-yaml", "yaml", &cases));
}

#[test]
fn a_mistake_in_a_json_file_is_told_in_our_words() {
    let cases = cases("json.txt");
    check("json.txt", &cases, &told_of_files("mistakes-json", "json", &cases));
}

/// What a control call says. The first line is the call, and the media type of its body if that is said.
fn told_of_call(sim: &Sim, written: &str) -> String {
    let (call, body) = written.split_once('\n').unwrap();
    let mut words = call.split(' ');
    let method = Method::from_bytes(words.next().unwrap().as_bytes()).unwrap();
    let mut request = Request::new(method, words.next().unwrap()).unwrap();
    let media_type = words.next();
    request =
        request.body(media_type.unwrap_or_default(), body.trim_end().to_owned()).header(HOST, "localhost");
    if media_type.is_none() {
        request.headers.remove(CONTENT_TYPE);
    }
    let reply = sim.simulator.answer_at(&request, sim.wall).reply;
    let error = reply.value()["error"].as_str().map(str::to_owned);
    error.unwrap_or_else(|| panic!("{call}: {} {:?}", reply.status, reply.body))
}

#[test]
fn a_mistake_in_a_control_call_is_told_in_our_words() {
    let cases = cases("control.txt");
    let sim = Sim::new();
    let told: Vec<String> = cases.iter().map(|case| told_of_call(&sim, &case.written)).collect();
    check("control.txt", &cases, &told);
}

/// What the binary says of a command line: variables, and then arguments, a line each.
fn told_of_options(written: &str) -> (i32, String) {
    let mut command = binary();
    for line in written.lines() {
        match line.split_once('=').filter(|(name, _)| name.starts_with("SYNC_GROUP_SIM_")) {
            Some((name, value)) => command.env(name, value),
            None => command.arg(line),
        };
    }
    let output = command.output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_mistake_in_an_option_or_a_variable_is_told_in_our_words() {
    let cases = cases("options.txt");
    let mut told = Vec::new();
    for case in &cases {
        let (code, stderr) = told_of_options(&case.written);
        assert!(matches!(code, 1 | 2), "{}: {code} {stderr}", case.title);
        told.push(stderr);
    }
    check("options.txt", &cases, &told);
}

#[test]
fn there_are_many_mistakes_among_the_cases() {
    let count: usize =
        ["files.txt", "json.txt", "control.txt", "options.txt"].map(|name| cases(name).len()).iter().sum();
    assert!(count >= 120, "{count}");
}
