//! The binary itself: options, environment, output, exit codes, signals.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{ChildStderr, Command};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use serde_json::Value;

use crate::harness::http::{connect, send};
use crate::harness::process::{Server, binary, file, run};

#[test]
fn the_banner_begins_with_the_address_and_ends_with_a_curl_that_works() {
    let server = Server::start(binary().args(["--listen", "127.0.0.1:0", "--log", "off"]));
    assert!(server.address().port() > 0);
    let begin = server.banner.iter().position(|line| line == "Try it:").unwrap();
    let commands = server.banner[begin + 1..].join("\n");
    let output = Command::new("sh").args(["-c", &commands]).output().unwrap();
    let groups: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!(groups[0]["name"], "Password Sync Group 1");
}

#[test]
fn a_termination_signal_drains_and_exits_with_0() {
    let server = Server::start(binary().args(["serve", "--listen", "127.0.0.1:0"]));
    assert_eq!(send(server.address(), "GET", "/oauth/info?client_secret=hush", &[], b"").status, 200);
    let (code, log) = server.terminate();
    assert_eq!(code, 0, "{log}");
    let lines: Vec<_> = log.lines().filter(|line| line.contains("GET /oauth/info?client_secret=…")).collect();
    assert_eq!(lines.len(), 1, "{log}");
    assert!(lines[0].contains(" 200 ") && lines[0].chars().count() <= 100, "{log}");
    assert!(!log.contains("hush") && !log.contains('\u{1b}'), "{log}");
}

#[test]
fn the_log_can_be_json_and_says_what_was_wrong() {
    let server = Server::start(binary().args(["--listen", "127.0.0.1:0", "--log", "json"]));
    let target = "/oauth/token?grant_type=client_credentials&client_id=nobody&client_secret=x";
    let address = server.address();
    assert_eq!(send(address, "POST", target, &[], b"").status, 401);
    let (_, log) = server.terminate();
    let mut lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let listening = lines.next().unwrap();
    assert_eq!(listening["message"], "listening");
    assert_eq!(listening["url"], format!("http://{address}"));
    let line = lines.next().unwrap();
    assert_eq!(line["status"], 401);
    assert_eq!(line["operation"], "token");
    assert_eq!(
        line["detail"],
        "no client of this tenant has this client_id; invalid_client: Bad client credentials"
    );
}

/// The lines of a log that are about control calls.
fn of_control(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains("/_sim")).collect()
}

#[test]
fn control_calls_are_logged_only_when_that_is_asked_for() {
    let log = |option: &[&str]| {
        let server = Server::start(binary().args(["--listen", "127.0.0.1:0"]).args(option));
        for path in ["/_sim/health", "/_sim/nothing", "/_sim", "/oauth/info"] {
            send(server.address(), "GET", path, &[], b"");
        }
        server.terminate().1
    };
    let quiet = log(&[]);
    assert_eq!((of_control(&quiet), quiet.matches("GET /oauth/info ").count()), (vec![], 1), "{quiet}");
    let all = log(&["--log-control"]);
    let (lines, others) = (of_control(&all), all.matches("GET /oauth/info ").count());
    assert_eq!((lines.len(), others), (3, 1), "{all}");
    assert!(lines[0].contains("GET /_sim/health ") && lines[0].contains(" 200 "), "{all}");
}

#[test]
fn a_line_of_the_log_says_which_fault_fired_and_who_asked() {
    let server =
        Server::start(binary().args(["--listen", "127.0.0.1:0", "--scenario", "token-endpoint-down"]));
    let target =
        "/tenants/some/oauth/token?grant_type=client_credentials&client_id=0a1b2c3d4e5f60718293a4b5c6d7e8f9";
    assert_eq!(send(server.address(), "POST", target, &[], b"").status, 503);
    let (_, log) = server.terminate();
    let line = log.lines().find(|line| line.contains(" 503 ")).unwrap_or_else(|| panic!("{log}"));
    assert!(
        line.contains("POST /tenants/some/oauth/token") && line.contains(" !token-endpoint-down/"),
        "{log}"
    );
    assert!(line.contains(" admin ") && line.chars().count() <= 100, "{log}");
    assert!(line.ends_with("us") || line.ends_with("ms"), "{log}");
}

/// The lines that are longer than a terminal of 80 columns.
fn long_lines(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.chars().count() > 80).collect()
}

#[test]
fn banner_help_and_lists_fit_80_columns() {
    let all = ["--scenario", "chaos", "--scenario", "read-your-own-writes-late-for-others"];
    for options in [&[][..], &all, &["--seed", "18446744073709551615"], &["--listen", "0.0.0.0:0"]] {
        let listen = ["--listen", "127.0.0.1:0", "--log", "off"];
        let listen = if options.contains(&"--listen") { &listen[2..] } else { &listen };
        let server = Server::start(binary().args(listen).args(options));
        let banner = server.banner.join("\n");
        assert_eq!(long_lines(&banner), [""; 0], "{options:?}");
        assert!(banner.contains(concat!("sync-group-sim ", env!("CARGO_PKG_VERSION"))), "{banner}");
        assert!(banner.contains("\n  fixture    demo\n"), "{banner}");
        let lesson = "\n  scenario   chaos\n             No single fault is hard to handle; the mixture is.";
        assert_eq!(banner.contains(lesson), options.contains(&"chaos"), "{banner}");
    }
    let commands = run(&["--help"]).1;
    let commands = commands.split("Commands:").nth(1).unwrap().split("\n\n").next().unwrap().to_owned();
    let commands = commands.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let mut helps = vec![vec!["--help"], vec!["-h"]];
    let commands: Vec<_> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.len() > 8, "{commands:?}");
    helps.extend(commands.iter().filter(|name| **name != "help").map(|name| vec![*name, "--help"]));
    for arguments in helps.iter().map(Vec::as_slice).chain([&["scenarios"][..], &["fixtures"]]) {
        let (code, stdout, _) = run(arguments);
        assert_eq!((code, long_lines(&stdout)), (0, vec![]), "{arguments:?}");
    }
}

#[test]
fn options_come_from_the_environment_too_and_flags_win() {
    let port_file = file("environment", "port", "");
    let server = Server::start(
        binary()
            .env("SYNC_GROUP_SIM_LISTEN", "127.0.0.1:0")
            .env("SYNC_GROUP_SIM_FIXTURE", "large")
            .env("SYNC_GROUP_SIM_STRICT_TENANTS", "yes")
            .env("SYNC_GROUP_SIM_SEED", "7")
            // An empty variable counts as unset.
            .env("SYNC_GROUP_SIM_SCENARIO", "")
            .env("SYNC_GROUP_SIM_RATE_LIMIT", "")
            .args(["--fixture", "empty", "--log", "off", "--port-file"])
            .arg(&port_file),
    );
    let address = server.address();
    let reply = send(address, "GET", "/_sim/state", &[], b"");
    let state: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(state["groups"], serde_json::json!([]));
    assert_eq!(send(address, "GET", "/tenants/new/oauth/info", &[], b"").status, 404);
    assert!(server.banner.iter().any(|line| line.contains("seed       7 ")), "{:?}", server.banner);
    // The port is written before the banner, and is gone with the server.
    assert_eq!(std::fs::read_to_string(&port_file).unwrap().trim(), address.port().to_string());
    let (code, _) = server.terminate();
    assert_eq!((code, port_file.exists()), (0, false));
}

#[test]
fn blanks_behind_the_commas_of_a_list_are_no_part_of_its_entries() {
    let server = Server::start(
        binary()
            .env("SYNC_GROUP_SIM_SCENARIO", "rate-limited, chaos")
            .env("SYNC_GROUP_SIM_TENANT_DOMAIN", "one.example, two.example")
            .args(["--listen", "127.0.0.1:0", "--log", "off"]),
    );
    let scenarios: Vec<&str> =
        server.banner.iter().filter_map(|line| line.trim_start().strip_prefix("scenario   ")).collect();
    assert_eq!(scenarios, ["rate-limited", "chaos"]);
    let (code, stdout, stderr) =
        run(&["drill", "--list", "--only", "rate-limited, chaos", "--", "no-such-program"]);
    assert_eq!(code, 2, "{stdout}{stderr}");
    assert!(!stderr.contains("no built-in scenario"), "{stderr}");
}

#[test]
fn shells_are_known_by_their_other_names() {
    let env = |shell: &str| run(&["env", "--fixture", "demo", "--shell", shell]);
    for (other, shell) in [("bash", "sh"), ("zsh", "sh"), ("pwsh", "powershell")] {
        assert_eq!(env(other), env(shell));
        assert_eq!(env(other).0, 0);
    }
}

#[test]
fn a_bad_value_refuses_to_start() {
    for (arguments, expected) in [
        (&["--listen", "somewhere"][..], "--listen: `somewhere`; expected ADDRESS:PORT"),
        (&["--rate-limit", "100"], "expected requests per time such as `100/10s`, or `off`"),
        (&["--token-lifetime", "0s"], "expected whole seconds, 1s or more"),
        (&["--token-lifetime", "749"], "expected a number and a unit"),
        (&["--prerequisites", "maybe"], "expected `enforce` or `ignore`"),
        (&["--max-connections", "0"], "expected a whole number from 1 to 1000000"),
        (&["--max-headers", "10001"], "expected a whole number from 1 to 10000"),
        (&["--header-timeout", "0s"], "expected more than 0"),
        (&["--log", "loud"], "--log: `loud`; expected text, json or off"),
        (&["--seed=-1"], "--seed"),
        (&["fixtures", "huge"], "no built-in fixture is named `huge`; expected demo, large or empty"),
        (&["health", "--url", "ftp://x"], "expected http://host:port"),
        (&["openapi", "--api-version", "v9"], "`v9`; expected beta, v3, v2024, v2025, v2026, latest or v1"),
        (&["nonsense"], "command `nonsense`; expected serve, fixtures"),
    ] {
        let (code, stdout, stderr) = run(arguments);
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}: {stderr}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
    let (code, _, stderr) = run(&["--fixture", "no/such/file.yaml"]);
    assert_eq!(code, 1);
    let expected = "no file and no built-in fixture is named `no/such/file.yaml`; expected one of them; \
                    `sync-group-sim fixtures` lists the built-in ones\n";
    assert_eq!(stderr, expected);
    let (_, _, stderr) = run(&["--scenario", "rate-limted"]);
    assert_eq!(
        stderr,
        "no file and no built-in scenario is named `rate-limted`; expected one of them; did you mean `rate-limited`?\n"
    );
}

#[test]
fn a_port_that_is_in_use_is_reported() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, stdout, stderr) = run(&["--listen", &address]);
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert!(stderr.contains(&address) && stderr.contains("try --listen 127.0.0.1:0"), "{stderr}");
}

#[test]
fn files_are_checked_with_place_found_and_expected() {
    let good = file("check", "good.yaml", "sources: []\nidentities: [{id: a, name: A, userName: a}]\n");
    let bad = file(
        "check",
        "bad.json",
        "{\"groups\": [{\"id\": \"g\", \"name\": \"G\",\n  \"passwordPolicyId\": \"p\"}]}",
    );
    let (good, bad) = (good.to_str().unwrap(), bad.to_str().unwrap());
    let (code, stdout, _) = run(&["check", good]);
    assert_eq!(
        (code, stdout),
        (
            0,
            format!(
                "{good}: a fixture of 0 sources, 0 policies, 1 identity, 0 accounts, 0 groups, 9 clients\n"
            )
        )
    );
    let (code, stdout, stderr) = run(&["check", bad, good]);
    assert_eq!(code, 1);
    assert!(stdout.starts_with(good), "{stdout}");
    let expected = format!(
        "{bad}:1:13: 0 sources; expected at least 2\n\
         {bad}:2:23: password policy `p` is not in this file; expected the id of one that is\n"
    );
    assert_eq!(stderr, expected);
}

#[test]
fn a_rule_about_a_client_that_is_not_there_is_warned_about() {
    let text = |client: &str| format!("name: x\nrules:\n- {{when: {{client: {client}}}, fault: close}}\n");
    let fixture = "clients: [{name: robot, clientId: c-1, clientSecret: s-1, scopes: [], user: null}]\n";
    let fixture = file("clients", "fixture.yaml", fixture);
    let fixture = fixture.to_str().unwrap();
    let scenario = file("clients", "scenario.yaml", &text("robot"));
    let scenario = scenario.to_str().unwrap();
    let warning = |whose: &str| {
        format!("{scenario}:3:19: no client of {whose} has the id or name `robot`; expected admin, ")
    };
    let of_demo = warning("fixture `demo` (--fixture)");
    let (code, stdout, stderr) = run(&["check", scenario]);
    assert_eq!((code, stderr.starts_with(&format!("warning: {of_demo}"))), (0, true), "{stderr}");
    assert!(stdout.starts_with(&format!("{scenario}: scenario x: 1 rule\n")), "{stdout}");
    for with_it in [&["check", scenario, fixture][..], &["check", scenario, "--fixture", fixture]] {
        let (code, _, stderr) = run(with_it);
        assert_eq!((code, stderr.as_str()), (0, ""), "{with_it:?}");
    }
    // At the start, too.
    let log = |arguments: &[&str]| {
        let server =
            Server::start(binary().args(["--listen", "127.0.0.1:0", "--scenario", scenario]).args(arguments));
        server.terminate().1
    };
    let told = log(&[]);
    assert!(told.lines().any(|line| line.contains("WARN") && line.contains(&of_demo)), "{told}");
    let told = log(&["--fixture", fixture]);
    assert!(!told.contains("no client"), "{told}");
}

#[test]
fn a_rule_about_a_source_that_is_not_there_so_far_is_warned_about() {
    let when = "{operation: changePassword, source: Oktopus}";
    let text = format!("name: x\nrules:\n- {{when: {when}, fault: {{connector: refuses}}}}\n");
    let scenario = file("sources", "scenario.yaml", &text);
    let scenario = scenario.to_str().unwrap();
    let fixture = "sources: [{id: s-1, name: Oktopus, connectionType: direct}]\n";
    let fixture = file("sources", "fixture.yaml", fixture);
    let fixture = fixture.to_str().unwrap();
    let of_demo = format!(
        "{scenario}:3:46: so far no source of fixture `demo` (--fixture) has the id or name `Oktopus`; expected "
    );
    let (code, _, stderr) = run(&["check", scenario]);
    assert_eq!((code, stderr.starts_with(&format!("warning: {of_demo}"))), (0, true), "{stderr}");
    for with_it in [&["check", scenario, fixture][..], &["check", scenario, "--fixture", fixture]] {
        let (code, _, stderr) = run(with_it);
        assert_eq!((code, stderr.as_str()), (0, ""), "{with_it:?}");
    }
    let server = Server::start(binary().args(["--listen", "127.0.0.1:0", "--scenario", scenario]));
    let told = server.terminate().1;
    assert!(told.lines().any(|line| line.contains("WARN") && line.contains(&of_demo)), "{told}");
}

#[test]
fn what_a_file_is_meant_to_be_is_recognised_by_its_keys() {
    const EITHER: &str = "expected a scenario {name: …, rules: …} or a fixture {sources: …, groups: …, …}";
    for (text, expected) in [
        (
            "name: x\nruels: []\n",
            ":2:1: unknown key `ruels`; expected name, lesson or rules; did you mean `rules`?",
        ),
        (
            "gruops: []\n",
            ":1:1: unknown key `gruops`; expected sources, passwordPolicies, applications, applicationAccess, \
             identities, accounts, clients, groups, passwordPolicyHolders, passwordOrgConfig, passwordDictionary or \
             passwordChanges; did you mean `groups`?",
        ),
        ("colour: red\n", &format!(": only unknown keys, such as `colour`; {EITHER}")),
        ("- a\n", &format!(": a list; {EITHER}")),
        ("hello\n", &format!(": text and nothing else; {EITHER}")),
        ("", &format!(":1:1: the document is empty; {EITHER}")),
    ] {
        let path = file("check-kind", "it.yaml", text);
        let path = path.to_str().unwrap();
        let (code, _, stderr) = run(&["check", path]);
        assert_eq!((code, stderr), (1, format!("{path}{expected}\n")), "{text}");
    }
    let scenario = file("check-kind", "scenario.yaml", "name: x\nrules: []\n");
    let scenario = scenario.to_str().unwrap();
    let (_, _, stderr) = run(&["--fixture", scenario]);
    assert_eq!(stderr, format!("{scenario}: a scenario; expected a fixture; scenarios go to `--scenario`\n"));
    let folder = std::path::Path::new(scenario).parent().unwrap().to_str().unwrap();
    let (_, _, stderr) = run(&["check", folder]);
    assert_eq!(stderr, format!("{folder}: a directory; expected a file\n"));
}

#[test]
fn a_file_is_read_as_windows_writes_it() {
    let text = "\u{feff}name: bäd\r\nrules:\r\n  - {fault: close}\r\n";
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let path = file("check-utf16", "it.yaml", "");
    std::fs::write(&path, utf16).unwrap();
    let path = path.to_str().unwrap();
    let (code, _, stderr) = run(&["check", path]);
    let expected =
        format!("{path}:1:7: name bäd; expected 1 to 100 printable ASCII characters without `/`\n");
    assert_eq!((code, stderr), (1, expected));
}

#[test]
fn a_fixture_file_is_served() {
    let mine = file("own-fixture", "mine.yaml", "passwordPolicies:\n  - {id: p, name: Mine}\n");
    let server =
        Server::start(binary().args(["--listen", "127.0.0.1:0", "--log", "off", "--fixture"]).arg(mine));
    let state = send(server.address(), "GET", "/_sim/state", &[], b"");
    let state: Value = serde_json::from_slice(&state.body).unwrap();
    assert_eq!(state["passwordPolicies"][0]["name"], "Mine");
    assert_eq!(state["clients"][0]["name"], "admin");
}

#[test]
fn fixtures_are_listed_and_printed() {
    let (code, stdout, _) = run(&["fixtures"]);
    assert_eq!(code, 0);
    assert_eq!(
        stdout.lines().map(|line| line.split(' ').next().unwrap()).collect::<Vec<_>>(),
        ["demo", "large", "empty"]
    );
    let (code, stdout, _) = run(&["fixtures", "demo"]);
    assert_eq!((code, stdout), (0, include_str!("../../fixtures/demo.yaml").to_owned()));
}

#[test]
fn the_environment_of_the_sdks_is_printed_and_undone() {
    let (_, stdout, _) = run(&["env", "--url", "http://127.0.0.1:9/"]);
    let script = format!("{stdout}echo \"$SAIL_BASE_URL $SAIL_CLIENT_ID\"");
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    let expected = "http://127.0.0.1:9 0a1b2c3d4e5f60718293a4b5c6d7e8f9\n";
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    assert_eq!(run(&["env", "--unset"]).1, "unset SAIL_BASE_URL SAIL_CLIENT_ID SAIL_CLIENT_SECRET\n");
}

#[test]
fn health_says_by_its_exit_code_whether_a_server_answers() {
    let server = Server::start(binary().args(["--listen", "127.0.0.1:0", "--log", "off"]));
    let url = format!("http://{}", server.address());
    let (code, stdout, _) = run(&["health", "--url", &url]);
    assert_eq!(code, 0);
    assert!(stdout.contains("\"status\":\"ok\""), "{stdout}");
    drop(server);
    let (code, stdout, stderr) = run(&["health", "--url", &url]);
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert!(stderr.starts_with(&format!("{url}: no answer: ")), "{stderr}");
}

#[test]
fn the_contract_and_the_schema_are_printed() {
    let (_, stdout, _) = run(&["openapi", "--api-version", "v1", "--prerequisites", "ignore"]);
    let document: Value = serde_json::from_str(&stdout).unwrap();
    assert!(document["paths"]["/password-sync-groups/v1"]["post"].is_object());
    assert_eq!(document["components"]["schemas"]["PasswordSyncGroup"]["required"], Value::Null);
    let (_, stdout, _) = run(&["schema", "scenario"]);
    let schema: Value = serde_json::from_str(&stdout).unwrap();
    assert!(schema["definitions"]["operation"]["enum"].as_array().unwrap().contains(&"oauthInfo".into()));
    let (_, stdout, _) = run(&["schema", "fixture"]);
    assert_eq!(serde_json::from_str::<Value>(&stdout).unwrap()["title"], "sync-group-sim fixture");
    assert!(run(&["completions", "bash"]).1.contains("sync-group-sim"));
}

#[test]
fn beyond_loopback_the_control_api_requires_the_printed_token() {
    let server = Server::start(binary().args(["--listen", "0.0.0.0:0", "--log", "off"]));
    let port = server.address().port();
    let address = ([127, 0, 0, 1], port).into();
    assert_eq!(send(address, "GET", "/_sim/state", &[], b"").status, 401);
    assert_eq!(send(address, "GET", "/_sim/health", &[], b"").status, 200);
    let line = server.banner.iter().find(|line| line.contains("Bearer ")).unwrap();
    let token = line.split("Bearer ").nth(1).unwrap();
    let headers = [("Authorization".to_owned(), format!("Bearer {token}"))];
    assert_eq!(send(address, "GET", "/_sim/state", &headers, b"").status, 200);
    let wrong = [("Authorization".to_owned(), "Bearer wrong".to_owned())];
    assert_eq!(send(address, "GET", "/_sim/state", &wrong, b"").status, 401);
}

#[test]
fn the_control_api_can_be_off() {
    let server =
        Server::start(binary().args(["--listen", "127.0.0.1:0", "--control", "off", "--log", "off"]));
    let reply = send(server.address(), "GET", "/_sim/health", &[], b"");
    assert_eq!(reply.status, 404);
}

#[test]
fn scenarios_are_listed_printed_checked_and_run() {
    let (code, stdout, _) = run(&["scenarios"]);
    assert_eq!(code, 0);
    assert!(stdout.lines().count() >= 25 && stdout.starts_with("Rate limits\n  rate-limited\n"), "{stdout}");
    assert!(
        stdout.contains("\n\nTokens and rights\n  token-expires-early\n      A token ends when"),
        "{stdout}"
    );
    let (_, stdout, _) = run(&["scenarios", "committed-but-lost"]);
    assert_eq!(stdout, include_str!("../../scenarios/committed-but-lost.yaml"));
    assert!(run(&["schema", "scenario"]).1.contains("sync-group-sim scenario"));

    let mine =
        file("scenario", "mine.yaml", "name: mine\nrules: [{name: down, fault: {respond: {status: 503}}}]\n");
    let path = mine.to_str().unwrap();
    let explained = "scenario mine: 1 rule\n  down: of all requests, every one: the client gets a 503.";
    assert_eq!(run(&["check", path]), (0, format!("{path}: {explained}\n"), String::new()));
    let server = Server::start(binary().args([
        "--listen",
        "127.0.0.1:0",
        "--log",
        "off",
        "--scenario",
        "chaos",
        "--scenario",
        path,
    ]));
    let reply = send(server.address(), "GET", "/oauth/info", &[], b"");
    assert_eq!((reply.status, reply.header("sim-fault")), (503, Some("mine/down")));

    let broken = file(
        "scenario",
        "broken.yaml",
        "name: mine\nrules:\n  - fault:\n      respond:\n        status: 700\n",
    );
    let (code, _, stderr) = run(&["--scenario", broken.to_str().unwrap()]);
    assert_eq!(code, 1);
    assert_eq!(stderr, format!("{}:5:17: status 700; expected 200 to 599\n", broken.display()));
    let (code, _, stderr) = run(&["--max-rules", "1", "--scenario", "chaos", "--scenario", path]);
    assert!(code == 1 && stderr.contains("--max-rules"), "{stderr}");
    let (code, _, stderr) = run(&["--scenario", "no-such"]);
    assert!(code == 1 && stderr.contains("`sync-group-sim scenarios` lists the built-in ones"), "{stderr}");
}

#[test]
fn a_scenario_file_is_reloaded_when_it_changes_and_kept_when_the_change_is_wrong() {
    let text = |status: u16| {
        format!("name: mine\nrules: [{{name: down, fault: {{respond: {{status: {status}}}}}}}]\n")
    };
    let mine = file("reload", "mine.yaml", &text(503));
    let server =
        Server::start(binary().args(["--listen", "127.0.0.1:0", "--log", "off", "--scenario"]).arg(&mine));
    let address = server.address();
    let status = || send(address, "GET", "/oauth/info", &[], b"").status;
    assert_eq!(status(), 503);
    // Files are looked at four times a second; asking again and again is what a client would do.
    let until = |expected: u16| (0..100_000).any(|_| status() == expected);
    std::fs::write(&mine, text(418)).unwrap();
    assert!(until(418), "the change was not seen");
    std::fs::write(&mine, "name: mine\nrules: [{name: down}]\n").unwrap();
    // What comes after the wrong change is seen after it.
    for _ in 0..2_000 {
        assert_eq!(status(), 418);
    }
    std::fs::write(&mine, text(410)).unwrap();
    assert!(until(410), "the second change was not seen");
}

/// The lines of a log, as they come.
fn lines_of(log: ChildStderr) -> Receiver<String> {
    let (sender, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        BufReader::new(log).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
    lines
}

/// Reads a log until a line has this text.
fn wait_for(log: &Receiver<String>, text: &str) {
    while let Ok(line) = log.recv_timeout(Duration::from_secs(10)) {
        if line.contains(text) {
            return;
        }
    }
    panic!("the log never says `{text}`");
}

#[test]
fn only_regular_files_of_a_sane_size_are_read() {
    let pipe = file("not-regular", "unused", "").with_file_name("pipe.yaml");
    let _ = std::fs::remove_file(&pipe);
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let sized = |name: &str, mebibytes: u64| {
        let path = file("not-regular", name, "");
        std::fs::File::options().write(true).open(&path).unwrap().set_len((mebibytes << 20) + 1).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let pipe = pipe.to_str().unwrap();
    let (fixture, scenario) = (sized("fixture.yaml", 64), sized("scenario.yaml", 16));
    for (arguments, expected) in [
        (["--scenario", pipe], format!("{pipe}: a pipe; expected a file\n")),
        (["--fixture", pipe], format!("{pipe}: a pipe; expected a file\n")),
        (["check", pipe], format!("{pipe}: a pipe; expected a file\n")),
        (["--fixture", "/dev/zero"], "/dev/zero: a device; expected a file\n".to_owned()),
        (
            ["--fixture", &fixture],
            format!("{fixture}: 67108865 bytes; expected a fixture of at most 67108864 (64 MiB)\n"),
        ),
        (
            ["--scenario", &scenario],
            format!("{scenario}: 16777217 bytes; expected a scenario of at most 16777216 (16 MiB)\n"),
        ),
    ] {
        let (code, _, told) = run(&arguments);
        assert_eq!((code, told), (1, expected), "{arguments:?}");
    }
}

#[test]
fn a_watched_file_that_becomes_a_pipe_or_a_device_stops_nobody() {
    let text = |status: u16| {
        format!("name: it\nrules: [{{name: down, fault: {{respond: {{status: {status}}}}}}}]\n")
    };
    // What an earlier run left may be the pipe.
    let _ = std::fs::remove_file(file("watched-pipe", "unused", "").with_file_name("it.yaml"));
    let watched = file("watched-pipe", "it.yaml", &text(503));
    let pipe = watched.with_file_name("pipe");
    let _ = std::fs::remove_file(&pipe);
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // On one core the server has one thread, which would stand still.
    let line = "taskset -c 0 true 2>&- && exec taskset -c 0 \"$0\" \"$@\"; exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", line, env!("CARGO_BIN_EXE_sync-group-sim"), "--listen", "127.0.0.1:0", "--scenario"]);
    let mut server = Server::start(command.arg(&watched));
    let address = server.address();
    let log = lines_of(server.child.stderr.take().unwrap());
    let device = watched.with_file_name("device");
    let _ = std::fs::remove_file(&device);
    std::os::unix::fs::symlink("/dev/zero", &device).unwrap();
    let mut status = 503;
    for (other, what) in [(&pipe, "a pipe"), (&device, "a device")] {
        std::fs::rename(other, &watched).unwrap();
        wait_for(&log, &format!("{}: {what}; expected a file", watched.display()));
        assert_eq!(send(address, "GET", "/oauth/info", &[], b"").status, status, "{what}");
        std::fs::remove_file(&watched).unwrap();
        status -= 80;
        std::fs::write(&watched, text(status)).unwrap();
        wait_for(&log, "scenarios reloaded");
        assert_eq!(send(address, "GET", "/oauth/info", &[], b"").status, status, "after {what}");
    }
}

#[test]
fn a_fixture_file_is_reloaded_for_tenants_that_begin_later() {
    let text = |name: &str| format!("passwordPolicies: [{{id: p, name: {name}}}]\n");
    let mine = file("reload-fixture", "mine.yaml", &text("First"));
    let server =
        Server::start(binary().args(["--listen", "127.0.0.1:0", "--log", "off", "--fixture"]).arg(&mine));
    let address = server.address();
    let policy = |prefix: &str| -> String {
        // The API's first request makes the tenant.
        assert_eq!(send(address, "GET", &format!("{prefix}/oauth/info"), &[], b"").status, 200);
        let state = send(address, "GET", &format!("{prefix}/_sim/state"), &[], b"");
        let state: Value = serde_json::from_slice(&state.body).unwrap();
        state["passwordPolicies"][0]["name"].as_str().unwrap().to_owned()
    };
    assert_eq!((policy(""), policy("/tenants/early")), ("First".to_owned(), "First".to_owned()));
    std::fs::write(&mine, text("Second")).unwrap();
    assert!(
        (0..20_000).any(|nth| policy(&format!("/tenants/t{nth}")) == "Second"),
        "the change was not seen"
    );
    assert_eq!((policy(""), policy("/tenants/early")), ("First".to_owned(), "First".to_owned()));
}

#[test]
fn a_log_that_is_not_read_blocks_nothing() {
    let server = Server::start(binary().args(["--listen", "127.0.0.1:0"]));
    // Six thousand lines of two hundred bytes: more than the pipe takes and than may wait behind it.
    let mut socket = connect(server.address());
    let request = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(200));
    let mut answers = BufReader::new(socket.try_clone().unwrap());
    for _ in 0..600 {
        socket.write_all(request.repeat(10).as_bytes()).unwrap();
        for _ in 0..10 {
            let mut length = 0;
            for line in answers.by_ref().lines().map(Result::unwrap).take_while(|line| !line.is_empty()) {
                let value = line.strip_prefix("Content-Length: ");
                length = value.map_or(length, |value| value.parse().unwrap());
            }
            std::io::copy(&mut answers.by_ref().take(length), &mut std::io::sink()).unwrap();
            assert!(length > 0);
        }
    }
    let (code, log) = server.terminate();
    assert_eq!(code, 0);
    let end = &log[log.len().saturating_sub(600)..];
    assert!(log.contains("lines are missing here: stderr was not read"), "{} bytes, ending {end}", log.len());
}

#[test]
fn open_files_are_allowed_as_far_as_they_may_be() {
    let start = |limit: &str| {
        let mut command = Command::new("sh");
        let line = format!("ulimit {limit} && exec \"$0\" --listen 127.0.0.1:0");
        command.args(["-c", &line, env!("CARGO_BIN_EXE_sync-group-sim")]);
        Server::start(&mut command)
    };
    let (code, log) = start("-Sn 64").terminate();
    assert!(code == 0 && !log.contains("open files"), "{log}");
    let (code, log) = start("-n 64").terminate();
    assert_eq!(code, 0);
    assert!(log.contains("64 open files are allowed (ulimit -n), too few for 1024 connections"), "{log}");
}

#[test]
fn a_port_alone_listens_on_this_machine_and_a_mistyped_variable_is_warned_of() {
    for listen in ["localhost:0", ":0", "0"] {
        let mut command = binary();
        command.args(["--listen", listen, "--log", "off"]).env("SYNC_GROUP_SIM_SENARIO", "chaos");
        let server =
            Server::start(command.env("SYNC_GROUP_SIM_BIN", "x").env("SYNC_GROUP_SIM_DRILL_RUN", "x"));
        assert!(server.address().ip().is_loopback(), "{listen}: {:?}", server.banner);
        let (_, log) = server.terminate();
        let expected = "warning: the environment variable `SYNC_GROUP_SIM_SENARIO` is ignored; expected one that an \
                        option has; did you mean `SYNC_GROUP_SIM_SCENARIO`?\n";
        assert_eq!(log, expected, "{listen}");
    }
}
