//! The user stops a drill: what there is is written, and nothing is left running.

#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use super::{Client, still_runs};

#[test]
fn a_drill_that_is_stopped_writes_what_there_is_and_ends_what_runs() {
    let script = r#"
token()
if os.environ["SYNC_GROUP_SIM_DRILL_SCENARIO"] != "clean":
    open("running.new", "w").write(str(os.getpid()))
    os.rename("running.new", "running")
    time.sleep(600)
"#;
    let client = Client::new("stopped", script);
    let mut drill = client
        .command(&["--only", "token-endpoint-down,token-malformed"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(drill.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("clean") {
        line.clear();
        assert!(stdout.read_line(&mut line).unwrap() > 0, "it ended before it began");
    }
    while !client.folder.join("running").exists() {
        std::thread::yield_now();
    }
    let id = drill.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(drill.wait().unwrap().code(), Some(130), "{rest}");
    assert!(rest.contains("It was interrupted; this is what there is."), "{rest}");
    assert!(!still_runs(&client.folder.join("running")));
    for name in ["report.json", "report.html", "runs/clean/journal.json"] {
        assert!(client.folder.join("drill.out").join(name).exists(), "{name}");
    }
}
