//! Commands that cannot be drilled: each is told in a sentence with what to do, and nothing of it is left running.

use super::{Client, Drilled, LISTS, still_runs};
use crate::harness::process::run;

const ONE: [&str; 2] = ["--only", "fails-twice-then-works"];

fn drilled(test: &str, script: &str) -> Drilled {
    Client::new(test, script).drill(&ONE)
}

#[test]
fn a_command_that_does_not_exist_is_a_usage_error() {
    let client = Client::new("not-there", "");
    let drilled = |program: &str| {
        let mut command = crate::harness::process::binary();
        client.ended(command.current_dir(&client.folder).args(["drill", "--", program, "x"]))
    };
    drilled("./no-such-program").says(2, "the command `./no-such-program` cannot be started: there is no such file or folder; expected a program");
    drilled("..").says(2, "the command `..` cannot be started: it is a folder; expected a program in it");
}

#[test]
fn what_is_wrong_with_the_command_line_is_told_before_anything_runs() {
    for (arguments, expected) in [
        (
            &["drill"][..],
            "nothing after `sync-group-sim drill`; expected a command; write `sync-group-sim drill -- python sync.py`",
        ),
        (
            &["drill", "--", "curl", "{{baseURL}}"],
            "the command's argument 1: the placeholder `{{baseURL}}` is unknown; expected {{baseUrl}}",
        ),
        (&["drill", "--only", "comitted-but-lost", "--", "true"], "did you mean `committed-but-lost`?"),
        (&["drill", "--only", "x-*", "--", "true"], "--only: no scenario matches `x-*`"),
        (&["drill", "--skip", "caos", "--", "true"], "--skip: no scenario is named `caos`"),
        (&["drill", "--jobs", "0", "--", "true"], "--jobs: `0`; expected a whole number from 1 to 256"),
        (&["drill", "--timeout", "0s", "--", "true"], "--timeout: `0s`; expected more than 0"),
        (&["drill", "--fail-on", "bad", "--", "true"], "--fail-on: `bad`; expected note, warning or error"),
        (&["drill", "--fixture", "dmo", "--", "true"], "did you mean `demo`?"),
        (
            &["drill", "--onyl", "x", "--", "true"],
            "unknown option `--onyl`; expected one that `sync-group-sim drill --help` shows; did you mean `--only`?",
        ),
    ] {
        let (code, _, stderr) = run(arguments);
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
        assert_eq!(code, 2, "{stderr}");
    }
}

#[test]
fn a_command_that_makes_no_call_is_asked_whether_it_reads_the_base_url() {
    let drilled = drilled("no-call", "print('done')");
    drilled.says(3, "The command made no call to the API. Does it read SAIL_BASE_URL, or is its address fixed, or in a file?");
    assert_eq!(drilled.report()["conclusion"]["exitCode"], 3);
}

#[test]
fn a_command_that_talks_to_somebody_else_makes_no_call() {
    let script = "try:\n    call('GET', GROUPS, base='http://127.0.0.1:1')\nexcept OSError:\n    pass\n";
    drilled("elsewhere", script).says(3, "The command made no call to the API.");
}

#[test]
fn a_command_that_drops_the_tenant_from_the_base_url_is_told_so() {
    let script = "call('GET', GROUPS, base=BASE.split('/tenants/')[0])\n";
    drilled("half-a-url", script).says(
        3,
        "It did call the server once without the tenant's path: use the whole base URL, path included.",
    );
}

#[test]
fn a_command_that_fails_by_itself_is_not_judged() {
    let drilled = drilled("fails", "token()\nsys.exit('the disk is full')\n");
    drilled.says(3, "The command fails when nothing goes wrong (exit 1), so that nothing was judged.");
    drilled.says(3, "Its last line: the disk is full");
    assert_eq!(drilled.read("runs/clean/stderr"), "the disk is full\n");
}

#[test]
fn a_command_that_reads_its_standard_input_finds_it_empty() {
    drilled("stdin", "token()\ninput('Name? ')\n")
        .says(3, "It seems to read its standard input, which is empty in a drill.");
}

#[test]
fn a_command_that_does_something_else_each_time_is_not_judged() {
    let script = r#"
auth = token()
again = os.path.exists("before")
open("before", "w").close()
call("GET", GROUPS + ("?limit=1" if again else ""), token=auth)
if again:
    call("GET", "/v2024/sources", token=auth)
"#;
    drilled("not-twice", script).says(
        3,
        "The command does not do the same twice: it made a call of `listSources` only the second time.",
    );
}

#[test]
fn what_differs_in_bodies_alone_does_not_make_a_command_another() {
    let script = r#"
auth = token()
call("POST", GROUPS, {"name": "x", "passwordPolicyId": "2c91808d744ba0ce01746f93b6204501", "at": time.time_ns()}, auth)
for attempt in range(5):
    status, _, _ = call("GET", GROUPS, token=auth)
    if status == 200:
        break
    time.sleep(0.05 * 2 ** attempt)
"#;
    let drilled = drilled("time-in-body", script);
    assert_eq!(drilled.code, 0, "{}\n{}", drilled.stdout, drilled.stderr);
}

#[test]
fn a_command_that_uploads_a_file_under_another_boundary_each_time_does_the_same_twice() {
    let script = r#"
boundary = os.urandom(8).hex()
request = urllib.request.Request(BASE + "/v2024/password-dictionary", method="PUT")
request.add_header("Authorization", "Bearer " + token())
request.add_header("Content-Type", "multipart/form-data; boundary=" + boundary)
part = '--%s\r\nContent-Disposition: form-data; name="file"; filename="words.txt"\r\n\r\n# words\nhunter2\n\r\n--%s--\r\n'
urllib.request.urlopen(request, (part % (boundary, boundary)).encode(), timeout=20)
"#;
    let client = Client::new("boundary", script);
    client.drill(&["--list"]).says(0, "twice the same");
}

#[test]
fn a_command_that_writes_members_in_another_order_each_time_does_the_same_twice() {
    let script = r#"
group = [("name", "Sales"), ("passwordPolicyId", "2c91808d744ba0ce01746f93b6204501"),
         ("sourceIds", ["2c918084660f45d6016617daa9210584", "2c918084660f45d6016617daa9210500"])]
if int(os.environ["SYNC_GROUP_SIM_DRILL_RUN"]) % 2:
    group.reverse()
auth = token()
for attempt in range(5):
    if call("POST", GROUPS, dict(group), auth)[0] == 200:
        break
    time.sleep(0.05 * 2 ** attempt)
"#;
    drilled("another-order", &format!("{script}{LISTS}")).says(0, "twice the same; 4 calls");
}

#[test]
#[cfg(target_os = "linux")]
fn a_daemon_is_told_to_stay_in_the_foreground_and_is_ended() {
    let script = r#"
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open("daemon", "w").write(str(os.getpid()))
        for stream in (0, 1, 2):
            os.close(stream)
        time.sleep(600)
    os._exit(0)
os.wait()
while not os.path.exists("daemon") or not open("daemon").read():
    pass
"#;
    let drilled = drilled("daemon", script);
    drilled.says(
        3,
        "It left processes behind when it ended: if one of them is the client, run that in the foreground.",
    );
    assert!(!still_runs(&drilled.folder.with_file_name("daemon")));
}

#[test]
#[cfg(target_os = "linux")]
fn a_child_that_outlives_its_command_is_noted_and_ended() {
    let script = format!(
        "import subprocess\nchild = subprocess.Popen(['sleep', '600'])\nopen('child', 'w').write(str(child.pid))\n{LISTS}"
    );
    let drilled = drilled("fork", &script);
    drilled.says(0, "The command leaves processes behind when it ends; they were ended with the run");
    assert!(!still_runs(&drilled.folder.with_file_name("child")));
}

#[test]
#[cfg(target_os = "linux")]
fn a_command_that_forks_again_and_again_leaves_nothing_running() {
    let script = format!(
        r#"
import subprocess
def fork(depth):
    if os.fork() == 0:
        open("child-%d" % depth, "w").write(str(os.getpid()))
        if depth % 2:
            os.setsid()
        if depth < 8:
            fork(depth + 1)
        time.sleep(600)
        os._exit(0)
fork(0)
while not os.path.exists("child-8"):
    time.sleep(0.01)
{LISTS}"#
    );
    let drilled = drilled("forks", &script);
    drilled.says(0, "The command leaves processes behind when it ends");
    for depth in 0..=8 {
        assert!(!still_runs(&drilled.folder.with_file_name(format!("child-{depth}"))), "child {depth}");
    }
}

#[test]
fn a_command_that_writes_without_end_is_stopped() {
    let script = "block = b'x' * (1 << 20)\nwhile True:\n    sys.stdout.buffer.write(block)\n";
    let drilled = drilled("gigabyte", script);
    drilled.says(3, "MiB and was stopped. Have it write less: a lower log level, or a file of its own.");
    let kept = std::fs::metadata(drilled.folder.join("runs/clean/stdout")).unwrap().len();
    assert!(kept < 300_000, "{kept} bytes");
}

#[test]
fn bytes_that_are_no_text_are_shown_and_told() {
    let script = format!("sys.stdout.buffer.write(b'caf\\xe9\\n')\nsys.stdout.flush()\n{LISTS}");
    let drilled = drilled("latin-1", &script);
    drilled.says(0, "The command writes bytes that are not UTF-8; they are shown as �. Have it write UTF-8");
    assert_eq!(drilled.read("runs/clean/stdout"), "caf\u{fffd}\n");
}

#[test]
#[cfg(target_os = "linux")]
fn a_command_that_outlives_its_time_is_ended_however_deaf_it_is() {
    let script = r#"
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open("deaf", "w").write(str(os.getpid()))
token()
time.sleep(600)
"#;
    let client = Client::new("deaf", script);
    let drilled = client.drill(&["--timeout", "1s", "--grace", "100ms"]);
    drilled.says(
        3,
        "The command did not end within 1 s although nothing went wrong, and was stopped after 1 call.",
    );
    assert!(!still_runs(&client.folder.join("deaf")));
}

#[test]
fn a_command_that_waits_for_ever_before_its_first_call_is_stopped() {
    let client = Client::new("idle", "time.sleep(600)\n");
    client
        .drill(&["--timeout", "1s"])
        .says(3, "The command made no call to the API within 10 s and was stopped.");
}

#[test]
fn a_folder_that_no_drill_wrote_is_left_alone() {
    let client = Client::new("foreign-folder", LISTS);
    let folder = client.folder.join("drill.out");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("mine"), "precious").unwrap();
    client
        .drill(&ONE)
        .says(2, "--out: drill.out: a folder that no drill wrote; expected one that a drill wrote, or none");
    assert_eq!(std::fs::read_to_string(folder.join("mine")).unwrap(), "precious");
    client.drill(&["--out", "client.py"]).says(2, "--out: client.py: a file; expected the name of a folder");
}

#[test]
fn a_setup_that_fails_is_told_with_its_last_line() {
    let client = Client::new("setup-fails", LISTS);
    client
        .drill(&["--setup", "echo no database >&2; exit 4"])
        .says(3, "--setup: `echo no database >&2; exit 4` ended with exit 4; expected exit 0. Its last line: no database");
}
