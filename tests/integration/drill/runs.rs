//! What a run is: what its command is told, which faults strike it, and what is found.

use super::{Client, LISTS};

/// Creates a group, and does so again whenever that fails.
const CREATES_BLINDLY: &str = r#"
auth = token()
group = {"name": "Sales", "passwordPolicyId": "2c91808d744ba0ce01746f93b6204501",
         "sourceIds": ["2c918084660f45d6016617daa9210584", "2c918084660f45d6016617daa9210585"]}
for attempt in range(4):
    status, body, _ = call("POST", GROUPS, group, auth)
    if status == 200:
        sys.exit(0)
    time.sleep(0.1 * 2 ** attempt)
sys.exit("it was not created: %d" % status)
"#;

#[test]
fn a_command_is_told_where_its_tenant_is_and_nothing_of_others() {
    let script = r#"
token()
known = {name: value for name, value in os.environ.items() if name.startswith(("SAIL_", "SYNC_GROUP_SIM_DRILL", "NO_PROXY"))}
known["arguments"] = sys.argv[1:]
known["dir is there"] = os.path.isdir(os.environ["SYNC_GROUP_SIM_DRILL_DIR"])
_, _, headers = call("GET", "/v2024/nowhere", token="x")
known["sim-fault"] = headers["Sim-Fault"]
with open("told-" + os.environ["SYNC_GROUP_SIM_DRILL_RUN"], "w") as file:
    json.dump(known, file)
"#;
    let client = Client::new("told", script);
    let mut command = client.command(&["--only", "token-endpoint-down"]);
    command.arg("{{scenario}}/{{seed}}/{{tenant}}/{{host}}:{{port}}").env("SAIL_ACCESS_TOKEN", "of-another");
    let drilled = client.ended(&mut command);
    assert_eq!(drilled.code, 0, "{}\n{}", drilled.stdout, drilled.stderr);
    let told: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(client.folder.join("told-3")).unwrap()).unwrap();
    let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
    let base = text("SAIL_BASE_URL");
    let (server, tenant) = base.split_once("/tenants/").unwrap();
    let server = server.strip_prefix("http://").unwrap();
    assert_eq!(told["arguments"][0], format!("token-endpoint-down/1/{tenant}/{server}"));
    assert_eq!(told["dir is there"], true);
    assert!(!std::path::Path::new(&text("SYNC_GROUP_SIM_DRILL_DIR")).exists());
    assert_eq!(text("SYNC_GROUP_SIM_DRILL_SCENARIO"), "token-endpoint-down");
    assert_eq!(text("NO_PROXY"), "127.0.0.1,localhost");
    assert!(
        told["SAIL_ACCESS_TOKEN"].is_null() && told["SYNC_GROUP_SIM_DRILL_CONTROL_URL"].is_null(),
        "{told}"
    );
    assert!(told["sim-fault"].is_null(), "{told}");
}

#[test]
fn a_create_that_is_repeated_blindly_is_found_twice_and_told_with_the_command_that_repeats_it() {
    let client = Client::new("blind", CREATES_BLINDLY);
    let drilled = client.drill(&["--only", "committed-but-lost", "--prerequisites", "ignore"]);
    drilled.says(1, "FAIL duplicate-created · committed-but-lost · createPasswordSyncGroup");
    drilled.says(1, "seen 2 of 2 again: sync-group-sim drill --only committed-but-lost --seed 1 --prerequisites ignore -- python3 client.py");
    // There is one create, and the scenario means the second.
    drilled.says(1, "(nth 2 → 1)");
    assert_eq!(drilled.findings()[0].1, "error");
    let again = client.drill(&[
        "--only",
        "committed-but-lost",
        "--prerequisites",
        "ignore",
        "--fail-on",
        "note",
        "-j",
        "1",
    ]);
    assert_eq!(again.findings(), drilled.findings());
    let diff = drilled.read("runs/committed-but-lost/state.diff");
    assert_eq!(
        diff.lines().filter(|line| line.starts_with('+') && line.contains("Sales")).count(),
        2,
        "{diff}"
    );
}

#[test]
fn a_client_whose_calls_come_in_another_order_each_time_does_the_same_and_is_judged() {
    // The service draws ids in the order of the creates, so each group has another id in every second run.
    let script = r#"
auth, made = token(), {}
places = {"Sales": ["584", "500"], "Engineering": ["601", "602"]}
names = sorted(places, reverse=int(os.environ["SYNC_GROUP_SIM_DRILL_RUN"]) % 2)
for name in names:
    group = {"name": name, "passwordPolicyId": "2c91808d744ba0ce01746f93b6204501",
             "sourceIds": ["2c918084660f45d6016617daa9210" + end for end in places[name]]}
    for attempt in range(4):
        status, body, _ = call("POST", GROUPS, group, auth)
        if status == 200:
            made[name] = json.loads(body)
            break
        time.sleep(0.1 * 2 ** attempt)
    else:
        sys.exit("it was not created: %d" % status)
renamed = made["Engineering"] | {"name": "Engineers"}
status, _, _ = call("PUT", GROUPS + "/" + renamed["id"], renamed, auth)
sys.exit(status != 200)
"#;
    let client = Client::new("order", script);
    let drilled = client.drill(&["--only", "committed-but-lost,new-fields-appear"]);
    drilled.says(1, "FAIL blind-create-retry · committed-but-lost · createPasswordSyncGroup");
    drilled.says(1, "twice the same");
}

#[test]
fn a_scenario_that_changes_nothing_finds_nothing() {
    let client = Client::new("pass", CREATES_BLINDLY);
    std::fs::write(
        client.folder.join("quiet.yaml"),
        "name: quiet\nrules:\n  - when: {operation: createPasswordSyncGroup}\n    fault: pass\n",
    )
    .unwrap();
    let drilled = client.drill(&["--only", "quiet.yaml", "--fail-on", "note", "--prerequisites", "ignore"]);
    assert_eq!(drilled.code, 0, "{}", drilled.stdout);
    assert_eq!(drilled.scenario("quiet")["mark"], "ok");
}

#[test]
fn a_plan_says_what_applies_and_why_the_rest_does_not() {
    let client = Client::new("plan", LISTS);
    let drilled = client.drill(&["--list"]);
    for (name, why) in [
        ("committed-but-lost", "never calls createPasswordSyncGroup"),
        ("page-fails-midway", "reads its lists in one page; try --fixture large"),
        ("source-never-reachable", "changes no password"),
        ("offset-past-the-end", "never asks for a page past the end of a list"),
        ("fails-twice-then-works", "strikes 2"),
        ("rate-limited", "(every 4 → nth 1)"),
        ("connection-resets", "(every 3 → nth 1)"),
        ("outage-and-recovery", "(from 10s →"),
    ] {
        let lines = drilled.stdout.split(&format!(" {name} ")).nth(1).unwrap_or_else(|| panic!("no {name}"));
        let told: Vec<&str> = lines
            .split("\n  n/a ")
            .next()
            .unwrap()
            .split("\n  run ")
            .next()
            .unwrap()
            .split_whitespace()
            .collect();
        assert!(told.join(" ").contains(why), "{name}: {told:?}");
    }
    assert_eq!(drilled.code, 0);
    assert!(drilled.stdout.lines().all(|line| line.chars().count() <= 100), "{}", drilled.stdout);
}

#[test]
fn the_calls_of_a_setup_are_not_judged_and_no_fault_strikes_them() {
    let client = Client::new("setup", LISTS);
    std::fs::write(
        client.folder.join("setup.py"),
        format!("{}{}", super::CLIENT, "auth = token()\ncall('GET', GROUPS, token=auth)\n"),
    )
    .unwrap();
    let drilled = client.drill(&[
        "--only",
        "token-already-expired",
        "--setup",
        "python3 setup.py",
        "--teardown",
        "echo {{scenario}} >> ended",
    ]);
    assert_eq!(drilled.report()["clean"]["calls"], 2, "{}", drilled.stdout);
    let run = &drilled.report()["runs"][2];
    assert_eq!(run["rules"][0]["matched"].as_u64(), Some(1), "{run}");
    let ended = std::fs::read_to_string(client.folder.join("ended")).unwrap();
    assert!(ended.starts_with("clean\nclean\ntoken-already-expired\n"), "{ended}");
}

#[test]
fn runs_at_the_same_time_come_to_the_same_as_one_after_the_other() {
    let client = Client::new("jobs", CREATES_BLINDLY);
    let options = ["--only", "committed-*,token-*", "--prerequisites", "ignore", "-j"];
    let marks = |jobs: &str| {
        let drilled = client.drill(&[&options[..], &[jobs]].concat());
        let report = drilled.report();
        let rows = report["scenarios"].as_array().unwrap().clone();
        let rows: Vec<_> = rows
            .iter()
            .map(|row| (row["scenario"].clone(), row["mark"].clone(), row["found"].clone()))
            .collect();
        (drilled.code, rows)
    };
    let one = marks("1");
    assert!(one.1.len() > 8);
    assert_eq!(one, marks("16"));
}

#[test]
fn a_scenario_that_strikes_by_chance_takes_a_seed_under_which_it_strikes() {
    let client = Client::new("chance", LISTS);
    std::fs::write(
        client.folder.join("rare.yaml"),
        "name: rare\nrules:\n  - when: {operation: getPasswordSyncGroups}\n    fires: {chance: 0.3}\n    fault: {respond: {status: 503}}\n",
    )
    .unwrap();
    for seed in 1..4_u64 {
        let drilled = client.drill(&["--only", "rare.yaml", "--seed", &seed.to_string()]);
        let run = &drilled.report()["runs"][2];
        assert!(run["fired"].as_u64().unwrap() > 0, "{run}");
    }
}

#[test]
fn nothing_is_green_when_nothing_applies() {
    let client = Client::new("nothing", LISTS);
    client
        .drill(&["--only", "committed-but-lost"])
        .says(3, "No scenario applies to what the command does, so that nothing was tried.");
    let strict = client.drill(&["--only", "committed-but-lost", "--strict"]);
    assert_eq!(strict.code, 1);
}

#[test]
fn who_leaves_a_silent_answer_only_when_it_is_ended_has_no_timeout() {
    // It hangs up as it is told to end, and ends a little later.
    let script = r#"
import atexit, signal
auth = token()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
atexit.register(time.sleep, 0.3)
request = urllib.request.Request(BASE + GROUPS, headers={"Authorization": "Bearer " + auth})
urllib.request.urlopen(request).read()
"#;
    let client = Client::new("no-timeout", script);
    let drilled = client.drill(&["--only", "hangs-forever", "--silence", "1s"]);
    let found = ("no-timeout".to_owned(), "error".to_owned(), "hangs-forever".to_owned());
    assert_eq!(drilled.findings(), [found], "{}", drilled.stdout);
}

#[test]
fn who_has_a_timeout_for_some_calls_alone_is_found_by_the_others_that_are_never_answered() {
    let script = r#"
def sent(method, path, body, limit):
    request = urllib.request.Request(BASE + path, method=method, headers={"Authorization": "Bearer " + auth})
    request.add_header("Content-Type", "application/json")
    data = body and json.dumps(body).encode()
    for attempt in range(3):
        try:
            with urllib.request.urlopen(request, data, timeout=limit) as reply:
                return json.loads(reply.read() or "null")
        except OSError:
            time.sleep(0.05 * 2 ** attempt)
    sys.exit(f"{method} {path} failed")

auth = token()
group = sent("GET", GROUPS, None, 0.5)[0]
sent("PUT", GROUPS + "/" + group["id"], group | {"name": "Renamed"}, UPDATE_LIMIT)
sent("DELETE", GROUPS + "/" + group["id"], None, DELETE_LIMIT)
"#;
    let drilled = |name: &str, update: &str, delete: &str| {
        let script = script.replace("UPDATE_LIMIT", update).replace("DELETE_LIMIT", delete);
        let client = Client::new(name, &script);
        client.drill(&["--only", "hangs-forever", "--silence", "2s"]).findings()
    };
    let found = [("no-timeout".to_owned(), "error".to_owned(), "hangs-forever".to_owned())];
    assert_eq!(drilled("no-update-timeout", "None", "0.5"), found);
    assert_eq!(drilled("no-delete-timeout", "0.5", "None"), found);
    assert_eq!(drilled("all-timeouts", "0.5", "0.5"), []);
}

#[test]
fn a_job_that_ends_well_though_it_was_told_that_a_password_did_not_change_is_found() {
    let script = r#"
def encrypted(password, key):
    """RSAES-PKCS1-v1_5: modulus and exponent are the last two numbers of the key's DER."""
    import base64
    der = base64.b64decode("".join(line for line in key.splitlines() if "-" not in line))
    exponent, size, at = 65537, 256, der.index(b"\x02\x03\x01\x00\x01")
    modulus = int.from_bytes(der[at - size:at], "big")
    filler = bytes(b % 255 + 1 for b in os.urandom(size - 3 - len(password)))
    block = b"\x00\x02" + filler + b"\x00" + password.encode()
    return base64.b64encode(pow(int.from_bytes(block, "big"), exponent, modulus).to_bytes(size, "big")).decode()

auth = token()
_, body, _ = call("POST", "/v2024/query-password-info", {"userName": "amelia.admin", "sourceName": "Active Directory"}, auth)
info = json.loads(body)
change = {"identityId": info["identityId"], "sourceId": info["sourceId"], "publicKeyId": info["publicKeyId"],
          "accountId": info["accounts"][0]["accountId"],
          "encryptedPassword": encrypted("Correct-Horse-7", info["publicKey"])}
status, body, _ = call("POST", "/v2024/set-password", change, auth)
path = "/v2024/password-change-status/" + json.loads(body)["requestId"]
for _ in range(40):
    _, body, _ = call("GET", path, None, auth)
    state = json.loads(body)["state"]
    if state != "IN_PROGRESS":
        break
    time.sleep(1)
HOW_IT_ENDS
"#;
    let drilled = |name: &str, end: &str| {
        let client = Client::new(name, &script.replace("HOW_IT_ENDS", end));
        let drilled = client.drill(&["--only", "authentication-source-refuses"]);
        // When a password changed differs each time, and is not compared.
        assert!(!drilled.stdout.contains("different data"), "{}", drilled.stdout);
        drilled.findings().into_iter().map(|(verdict, severity, _)| (verdict, severity)).collect::<Vec<_>>()
    };
    let found = |severity: &str| vec![("false-success".to_owned(), severity.to_owned())];
    assert_eq!(drilled("deaf-to-failed", ""), found("error"));
    assert_eq!(drilled("tells-of-failed", "print(state.lower())"), found("warning"));
    assert_eq!(drilled("fails-for-failed", "sys.exit(state != 'FINISHED' and state)"), []);
}

/// Lists the groups; after a 429 it waits for as many seconds as the header says, and dies of what is not a number.
const TAKES_ANY_TEXT_FOR_A_NUMBER: &str = r#"
auth = token()
for attempt in range(5):
    status, body, headers = call("GET", GROUPS, token=auth)
    if status == 200:
        sys.exit(0)
    wait = headers.get("Retry-After") or "1"
    if not wait.isdigit() and not (ONCE and os.path.exists("died")):
        open("died", "w").close()
        sys.exit(f"{wait} is not a number")
    time.sleep(int(wait) if wait.isdigit() else 1)
sys.exit("the list failed")
"#;

const OF_429S: [&str; 6] = [
    "--only",
    "rate-limited",
    "--only",
    "rate-limited-without-retry-after",
    "--only",
    "rate-limited-retry-after-garbage",
];

#[test]
fn an_error_that_several_runs_show_together_is_looked_for_once_more_when_all_have_ended() {
    let client = Client::new("text", &TAKES_ANY_TEXT_FOR_A_NUMBER.replace("ONCE", "False"));
    let drilled = client.drill(&OF_429S);
    drilled.says(1, "FAIL retry-after-crashes · rate-limited-retry-after-garbage");
    drilled.says(1, "seen 2 of 2");
}

#[test]
fn one_that_the_second_run_does_not_show_is_a_warning() {
    let client = Client::new("text-once", &TAKES_ANY_TEXT_FOR_A_NUMBER.replace("ONCE", "True"));
    let drilled = client.drill(&OF_429S);
    drilled.says(0, "WARN retry-after-crashes · rate-limited-retry-after-garbage");
    drilled.says(0, "seen 1 of 2");
}

#[test]
fn a_scenario_that_refuses_many_calls_applies_and_asks_for_no_time() {
    let script = r#"
auth = token()
for _ in range(8):
    if call("GET", "/v2024/sources", token=auth)[0] != 200:
        sys.exit("the sources cannot be read")
"#;
    let client = Client::new("refused", script);
    let down =
        "name: down\nrules:\n  - when: {operation: listSources}\n    fault: {respond: {status: 503}}\n";
    std::fs::write(client.folder.join("down.yaml"), down).unwrap();
    let drilled = client.drill(&["--list", "--only", "experimental-header-missing", "--only", "down.yaml"]);
    drilled.says(0, "run   experimental-header-missing               strikes 8\n");
    // Nobody tries each call for minutes; the first one shows that they are in vain.
    drilled.says(0, "run   down ");
}
