//! The binary as a process: run to its end, or serving until the test is over.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

/// The binary, built along, without options.
pub(crate) fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sync-group-sim"));
    // The developer's environment must not influence the test.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SYNC_GROUP_SIM_")) {
        command.env_remove(name);
    }
    command
}

/// Runs the binary to its end: exit code, stdout, stderr.
pub(crate) fn run(arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = binary().args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// A file in a folder of this test's own.
pub(crate) fn file(test: &str, name: &str, text: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// A running server; ended with the test.
pub(crate) struct Server {
    pub(crate) child: Child,
    /// What it printed at first, by lines.
    pub(crate) banner: Vec<String>,
}

impl Server {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        let mut banner = Vec::new();
        while let Some(Ok(line)) = lines.next() {
            let is_last = line.contains("$TOKEN");
            banner.push(line);
            if is_last {
                break;
            }
        }
        Self { child, banner }
    }

    pub(crate) fn address(&self) -> std::net::SocketAddr {
        let first = self.banner.first().unwrap_or_else(|| panic!("nothing was printed"));
        first.strip_prefix("listening on http://").unwrap().parse().unwrap()
    }

    /// Asks the server to stop, and returns its exit code and what it logged.
    pub(crate) fn terminate(mut self) -> (i32, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code().unwrap(), log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
