//! The drill as a command: the binary runs tiny clients in Python. Here is how one is drilled, and what all clients begin
//! with; what is shown of it is in the files of this folder.

mod bad_input;
mod ending;
mod runs;
mod seen;
mod written;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::harness::process::binary;

/// What every client begins with: `call` sends a request and returns status and body, whatever they are.
const CLIENT: &str = r#"
import json, os, sys, time, urllib.error, urllib.parse, urllib.request

BASE = os.environ["SAIL_BASE_URL"]

def call(method, path, body=None, token=None, base=None):
    request = urllib.request.Request((base or BASE) + path, method=method)
    if token:
        request.add_header("Authorization", "Bearer " + token)
    data = None
    if isinstance(body, dict):
        data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    elif body is not None:
        data = body.encode()
    try:
        with urllib.request.urlopen(request, data, timeout=20) as reply:
            return reply.status, reply.read(), reply.headers
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read(), refusal.headers

def token():
    form = {"grant_type": "client_credentials", "client_id": os.environ["SAIL_CLIENT_ID"],
            "client_secret": os.environ["SAIL_CLIENT_SECRET"]}
    for attempt in range(6):
        status, body, _ = call("POST", "/oauth/token", urllib.parse.urlencode(form))
        if status == 200:
            return json.loads(body)["access_token"]
        time.sleep(0.05 * 2 ** attempt)
    sys.exit("no token")

GROUPS = "/v2024/password-sync-groups"
"#;

/// Lists the groups, and tries again a few times when that fails.
const LISTS: &str = r#"
auth = token()
for attempt in range(5):
    status, body, _ = call("GET", GROUPS, token=auth)
    if status == 200:
        sys.exit(0)
    time.sleep(0.05 * 2 ** attempt)
sys.exit("the list failed")
"#;

/// A client, in a folder of its own.
struct Client {
    folder: PathBuf,
}

/// What a drill of it came to.
struct Drilled {
    code: i32,
    stdout: String,
    stderr: String,
    folder: PathBuf,
}

impl Client {
    /// The client of the test of that name; `script` follows what all begin with.
    fn new(test: &str, script: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("drill").join(test);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("client.py"), format!("{CLIENT}{script}")).unwrap();
        Self { folder }
    }

    /// The command that drills it.
    fn command(&self, options: &[&str]) -> Command {
        let mut command = binary();
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GITHUB_")) {
            command.env_remove(name);
        }
        command.current_dir(&self.folder).arg("drill").args(options);
        if !options.contains(&"--probe") {
            command.args(["--probe", "off"]);
        }
        if !options.contains(&"--seed") {
            command.args(["--seed", "1"]);
        }
        command.args(["--", "python3", "client.py"]).stdin(Stdio::null());
        command
    }

    /// Drills it.
    fn drill(&self, options: &[&str]) -> Drilled {
        self.ended(&mut self.command(options))
    }

    fn ended(&self, command: &mut Command) -> Drilled {
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(stdout), text(stderr));
        Drilled { code: status.code().unwrap(), stdout, stderr, folder: self.folder.join("drill.out") }
    }
}

impl Drilled {
    /// Has an exit code, and says something, however its lines are broken.
    fn says(&self, code: i32, expected: &str) -> &Self {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let all = words(&format!("{}\n{}", self.stdout, self.stderr));
        assert!(all.contains(&words(expected)), "no `{expected}` in\n{}\n{}", self.stdout, self.stderr);
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        self
    }

    fn report(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.folder.join("report.json")).unwrap()).unwrap()
    }

    fn read(&self, name: &str) -> String {
        let path = self.folder.join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The verdicts with a finding, each with its severity and scenario.
    fn findings(&self) -> Vec<(String, String, String)> {
        let report = self.report();
        let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
        let findings = report["findings"].as_array().unwrap().iter();
        findings
            .map(|finding| (text(finding, "verdict"), text(finding, "severity"), text(finding, "scenario")))
            .collect()
    }

    fn scenario(&self, name: &str) -> Value {
        let report = self.report();
        let scenarios = report["scenarios"].as_array().unwrap();
        scenarios.iter().find(|row| row["scenario"] == name).unwrap_or_else(|| panic!("{report}")).clone()
    }
}

/// Whether the process whose number is in a file still runs.
fn still_runs(file: &Path) -> bool {
    let pid = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let status = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    // One that nobody has asked about is dead all the same.
    status.is_ok_and(|status| {
        !status.rsplit(')').next().unwrap_or_default().trim_start().starts_with(['Z', 'X'])
    })
}
