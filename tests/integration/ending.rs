//! How the process ends when it is asked to: by which signals, how soon, and whatever it is doing.

#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use crate::harness::http::{connect, send};
use crate::harness::process::{Server, binary, file};

/// How often a slow call is looked at until it is under way, and how many times: a minute in all.
const LOOK_EVERY: Duration = Duration::from_millis(10);
const MOST_LOOKS: usize = 6_000;

/// A server, and the lines of its log as they come.
struct Logged {
    server: Server,
    log: Receiver<String>,
}

impl Logged {
    fn start(options: &[&str]) -> Self {
        Self::from(binary().args(["--listen", "127.0.0.1:0"]).args(options))
    }

    fn from(command: &mut Command) -> Self {
        let mut server = Server::start(command);
        let stderr = BufReader::new(server.child.stderr.take().unwrap());
        let (sender, log) = channel();
        std::thread::spawn(move || {
            stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { server, log }
    }

    fn signal(&self, name: &str) {
        let pid = self.server.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// Reads the log until a line has this text.
    fn wait_for(&self, text: &str) {
        while !self.log.recv_timeout(Duration::from_secs(10)).unwrap().contains(text) {}
    }

    /// The exit code, once the log has ended. That must be soon.
    fn code(mut self) -> i32 {
        loop {
            match self.log.recv_timeout(Duration::from_secs(8)) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return self.server.child.wait().unwrap().code().unwrap();
                }
                Err(RecvTimeoutError::Timeout) => panic!("the process does not end"),
            }
        }
    }

    /// The processor time it has used, in hundredths of a second.
    fn processor_time(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.server.child.id())).unwrap();
        // The name in parentheses may have spaces; user and system time are the 12th and 13th field after it.
        let fields = stat.rsplit_once(") ").unwrap().1.split(' ').skip(11).take(2);
        fields.map(|field| field.parse::<u64>().unwrap()).sum()
    }

    /// Makes a control call that takes many times as long as a process may take to end; returns when it is under way.
    fn make_slow_call(&self) -> TcpStream {
        let policy = |nth| format!("{{\"id\": \"p{nth}\", \"name\": \"P{nth}\"}}");
        let policies = (0..390_000).map(policy).collect::<Vec<_>>().join(",");
        let body = format!("{{\"passwordPolicies\": [{policies}]}}");
        let head =
            format!("PUT /_sim/state HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", body.len());
        let before = self.processor_time();
        let mut socket = connect(self.server.address());
        socket.write_all([head.as_bytes(), body.as_bytes()].concat().as_slice()).unwrap();
        // Taking the body in takes far less than that, reading it far more; a document may have two million values.
        socket.set_read_timeout(Some(LOOK_EVERY)).unwrap();
        for _ in 0..MOST_LOOKS {
            if self.processor_time() >= before + 40 {
                return socket;
            }
            let mut answer = [0; 512];
            if let Ok(len) = socket.read(&mut answer) {
                panic!("it was answered already: {}", String::from_utf8_lossy(&answer[..len]));
            }
        }
        panic!("the server does not begin to read the document");
    }
}

#[test]
fn terminate_interrupt_and_hangup_drain_and_exit_with_0() {
    for signal in ["-TERM", "-INT", "-HUP"] {
        let port = file("ending", &format!("port{signal}"), "");
        let server = Logged::start(&["--port-file", port.to_str().unwrap()]);
        assert!(port.exists());
        server.signal(signal);
        server.wait_for("stopping: open requests may finish");
        assert_eq!((server.code(), port.exists()), (0, false), "{signal}");
    }
}

#[test]
fn the_end_of_standard_input_stops_a_server_that_was_told_so_and_keeps_its_journals() {
    let port = file("ending", "port-stdin", "");
    let journals = port.with_file_name("journals-stdin");
    let _ = std::fs::remove_dir_all(&journals);
    let options = ["--port-file", port.to_str().unwrap(), "--journal-dir", journals.to_str().unwrap()];
    let mut command = binary();
    command.args(["--listen", "127.0.0.1:0", "--stop-with-stdin"]).args(options).stdin(Stdio::piped());
    let mut server = Logged::from(&mut command);
    // What is written there means nothing, only the end does.
    let mut input = server.server.child.stdin.take().unwrap();
    input.write_all(b"stop\n").unwrap();
    assert_eq!(send(server.server.address(), "GET", "/oauth/info", &[], b"").status, 200);
    drop(input);
    server.wait_for("stopping: standard input has ended");
    assert_eq!((server.code(), port.exists()), (0, false));
    let journal = std::fs::read_to_string(journals.join("default-0.json")).unwrap();
    assert!(journal.contains("/oauth/info"), "{journal}");
}

#[test]
fn a_server_that_was_not_told_so_outlives_its_standard_input() {
    let server = Logged::from(binary().args(["--listen", "127.0.0.1:0"]).stdin(Stdio::null()));
    assert_eq!(send(server.server.address(), "GET", "/oauth/info", &[], b"").status, 200);
    server.signal("-TERM");
    server.wait_for("stopping: open requests may finish");
    assert_eq!(server.code(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_that_was_told_to_ignore_hangups_goes_on() {
    let mut command = Command::new("sh");
    let line = "trap '' HUP; exec \"$0\" --listen 127.0.0.1:0";
    let server = Logged::from(command.args(["-c", line, env!("CARGO_BIN_EXE_sync-group-sim")]));
    server.signal("-HUP");
    assert_eq!(send(server.server.address(), "GET", "/oauth/info", &[], b"").status, 200);
    server.signal("-TERM");
    assert_eq!(server.code(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_control_call_that_takes_long_does_not_keep_the_process() {
    let server = Logged::start(&["--drain-timeout", "100ms"]);
    let _call = server.make_slow_call();
    server.signal("-TERM");
    assert_eq!(server.code(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_second_signal_ends_the_process_at_once() {
    for (signal, code) in [("-TERM", 143), ("-INT", 130), ("-HUP", 129)] {
        let server = Logged::start(&["--drain-timeout", "1h"]);
        let _call = server.make_slow_call();
        server.signal("-TERM");
        server.wait_for("stopping: open requests may finish; another signal ends them at once");
        server.signal(signal);
        assert_eq!(server.code(), code, "{signal}");
    }
}
