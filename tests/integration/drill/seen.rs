//! What a drill takes for evidence, and what its user sees meanwhile: an error that a second run does not show, the probe,
//! and the live line of a terminal.

use super::{Client, LISTS};

#[test]
fn an_error_that_the_second_run_does_not_show_is_a_warning() {
    let script = r#"
auth = token()
group = {"name": "Sales", "passwordPolicyId": "2c91808d744ba0ce01746f93b6204501",
         "sourceIds": ["2c918084660f45d6016617daa9210584", "2c918084660f45d6016617daa9210500"]}
is_blind = os.environ["SYNC_GROUP_SIM_DRILL_SCENARIO"] == "committed-but-lost" and not os.path.exists("was-blind")
status, body, _ = call("POST", GROUPS, group, auth)
if status == 500 and is_blind:
    open("was-blind", "w").close()
    status, body, _ = call("POST", GROUPS, group, auth)
if status != 200 and b'"Sales"' not in call("GET", GROUPS, token=auth)[1]:
    sys.exit("it was not created")
"#;
    let drilled = Client::new("once", script).drill(&["--only", "committed-but-lost"]);
    drilled.says(0, "WARN blind-create-retry · committed-but-lost");
    drilled.says(0, "seen 1 of 2");
    let expected = ("blind-create-retry".into(), "warning".into(), "committed-but-lost".into());
    assert_eq!(drilled.findings(), [expected]);
}

#[test]
fn a_client_that_tries_again_is_probed_six_times_in_two_ways() {
    let script = r#"
auth = token()
for attempt in range(12):
    status, body, _ = call("GET", GROUPS, token=auth)
    if status == 200:
        sys.exit(0)
sys.exit("the list failed")
"#;
    let client = Client::new("probe", script);
    let drilled = client.drill(&["--only", "fails-twice-then-works", "--probe", "auto"]);
    drilled.says(1, "12 attempts at one call");
    let report = drilled.report();
    for scenario in ["probe-503", "probe-429"] {
        let runs = report["runs"].as_array().unwrap().iter();
        assert_eq!(runs.filter(|run| run["scenario"] == scenario).count(), 6, "{}", drilled.stdout);
    }
    for scenario in ["probe-503", "probe-429"] {
        let expected = ("unbounded-retries".into(), "error".into(), scenario.into());
        assert!(drilled.findings().contains(&expected), "{:?}", drilled.findings());
    }
}

#[test]
fn a_client_that_never_tries_again_is_not_probed() {
    let script = "auth = token()\nsys.exit(0 if call('GET', GROUPS, token=auth)[0] == 200 else 'failed')\n";
    let client = Client::new("no-probe", script);
    let drilled = client.drill(&["--only", "fails-twice-then-works", "--probe", "auto"]);
    let report = drilled.report();
    let runs: Vec<_> = report["runs"].as_array().unwrap().iter().map(|run| &run["scenario"]).collect();
    assert_eq!(runs, ["clean", "clean", "fails-twice-then-works"], "{report}");
}

/// What a drill shows on a terminal of its own, which Python makes.
#[cfg(unix)]
fn on_a_terminal(client: &Client, environment: &[(&str, &str)]) -> String {
    let mut drill = client.command(&["--only", "fails-twice-then-works"]);
    let mut command = std::process::Command::new("python3");
    let spawn = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    command.args(["-c", spawn]).arg(drill.get_program()).args(drill.get_args());
    command.current_dir(&client.folder).env("TERM", "xterm").env_remove("NO_COLOR");
    command.envs(environment.iter().copied()).stdin(std::process::Stdio::null());
    let ended = command.output().unwrap();
    let shown = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{shown}");
    drill.stdin(std::process::Stdio::null());
    shown
}

#[test]
#[cfg(unix)]
fn a_terminal_has_a_live_line_that_is_wiped_and_colours_unless_they_are_unwanted() {
    let client = Client::new("terminal", LISTS);
    let shown = on_a_terminal(&client, &[]);
    assert!(shown.contains("0 of 1 done; running: fails-twice-then-works"), "{shown}");
    assert!(shown.contains("\r\x1b[2K") && shown.contains("\x1b[3"), "{shown:?}");
    let last = shown.rfind("done; running").unwrap();
    assert!(shown[last..].contains("\r\x1b[2K"), "{shown:?}");
    let plain = on_a_terminal(&client, &[("NO_COLOR", "1")]);
    assert!(plain.contains("done; running") && !plain.contains("\x1b[3"), "{plain:?}");
    let dumb = on_a_terminal(&client, &[("TERM", "dumb")]);
    assert!(!dumb.contains('\x1b') && !dumb.contains("done; running"), "{dumb:?}");
}

#[test]
fn a_habit_that_the_clean_run_shows_is_told_once_and_held_against_no_scenario() {
    let in_query = r#"
query = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": os.environ["SAIL_CLIENT_ID"],
                                "client_secret": os.environ["SAIL_CLIENT_SECRET"]})
auth = json.loads(call("POST", "/oauth/token?" + query)[1])["access_token"]
"#;
    let script = LISTS.replace("auth = token()", in_query);
    let client = Client::new("habit", &script);
    let drilled = client.drill(&["--only", "fails-twice-then-works", "--probe", "off"]);
    drilled.says(0, "WARN secret-in-url · clean");
    drilled.says(0, "survived: 429 –, 5xx ✓");
    let report = drilled.report();
    let found: Vec<_> =
        report["findings"].as_array().unwrap().iter().map(|found| &found["scenario"]).collect();
    assert_eq!(found, ["clean"]);
    assert_eq!(report["scenarios"][0]["mark"], "ok");
    assert_eq!(client.drill(&["--only", "fails-twice-then-works", "--fail-on", "warning"]).code, 1);
}
