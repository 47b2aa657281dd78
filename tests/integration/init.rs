//! `sync-group-sim init`: what it writes, and that it works as it stands.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::harness::process::{binary, file, run};

/// A folder of this test's own that is not there yet.
fn folder(test: &str) -> PathBuf {
    let folder = file(&format!("init-{test}"), "unused", "").with_file_name("new");
    let _ = fs::remove_dir_all(&folder);
    folder
}

fn init(folder: &Path, language: &str) -> String {
    let (code, stdout, told) = run(&["init", folder.to_str().unwrap(), "--test", language]);
    assert_eq!(code, 0, "{told}");
    stdout
}

/// Runs a test that was written.
fn run_test(program: &str, test: &Path) -> Output {
    let binary = binary().get_program().to_owned();
    Command::new(program).arg(test).env("SYNC_GROUP_SIM_BIN", binary).output().unwrap()
}

#[test]
fn a_folder_is_begun_and_nothing_in_it_is_ever_overwritten() {
    let folder = folder("begin");
    let said = init(&folder, "sh");
    let (scenario, test) = (folder.join("scenario.yaml"), folder.join("test.sh"));
    let next = format!("Next:\n  sync-group-sim check {}\n  sh {}\n", scenario.display(), test.display());
    assert!(said.contains(&next), "{said}");
    let (code, stdout, _) = run(&["check", scenario.to_str().unwrap()]);
    assert!(code == 0 && stdout.contains("scenario lost-answer: 1 rule"), "{stdout}");
    fs::write(&test, "mine").unwrap();
    fs::remove_file(&scenario).unwrap();
    let (code, stdout, told) = run(&["init", folder.to_str().unwrap(), "--test", "sh"]);
    let expected =
        format!("{}: already exists, and stays as it is; expected a folder without it\n", test.display());
    assert_eq!((code, &*stdout, told), (1, "", expected));
    assert!(!scenario.exists() && fs::read_to_string(&test).unwrap() == "mine");
    let (code, _, told) = run(&["init", test.to_str().unwrap()]);
    assert!(code == 1 && told.contains("stands where a folder should be"), "{told}");
}

#[test]
fn the_shell_test_passes_as_it_stands_and_fails_for_a_client_that_tries_again_blindly() {
    let folder = folder("sh");
    init(&folder, "sh");
    let test = folder.join("test.sh");
    let output = run_test("sh", &test);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(output.stdout, b"ok: exactly one create\n");
    let text = fs::read_to_string(&test).unwrap();
    let blind = text.replace("|| groups | grep -q '\"name\":\"Staff\"'", "|| groups -o /dev/null -d '{}'");
    assert_ne!(blind, text);
    fs::write(&test, blind).unwrap();
    let output = run_test("sh", &test);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && told.contains("not ok: "), "{told}");
    assert!(told.contains("500 (the service said 200)"), "{told}");
}

#[test]
fn the_python_test_passes_as_it_stands() {
    let folder = folder("python");
    init(&folder, "python");
    let output = run_test("python3", &folder.join("test_sync_groups.py"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_powershell_test_passes_as_it_stands_where_there_is_a_powershell() {
    let folder = folder("powershell");
    init(&folder, "powershell");
    let named = std::env::var_os("SYNC_GROUP_SIM_TESTS_PWSH").or_else(|| std::env::var_os("PWSH"));
    let program = PathBuf::from(named.unwrap_or_else(|| "pwsh".into()));
    if Command::new(&program).arg("-Version").output().is_err() {
        eprintln!("not run: there is no PowerShell (SYNC_GROUP_SIM_TESTS_PWSH, PATH)");
        return;
    }
    let output = run_test(program.to_str().unwrap(), &folder.join("test.ps1"));
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "ok: exactly one create");
}
