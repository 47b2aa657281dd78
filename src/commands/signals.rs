//! How the process is asked to end: by SIGTERM, SIGINT or SIGHUP; on Windows by Ctrl-C, Ctrl-Break or a closed console;
//! by the end of standard input, with `--stop-with-stdin`. A thread of its own waits for that, so a server that is busy,
//! or stuck, is ended all the same: at once when it is asked again, and a little after the drain timeout at the latest.

use std::io;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How long removing files may take: they may be on a drive that hangs.
const CLEANING: Duration = Duration::from_millis(250);
/// How much longer than open requests may take the process lives at most.
const GRACE: Duration = Duration::from_secs(1);

/// What the end of standard input means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum EndOfInput {
    Nothing,
    /// Whoever started the process held the other end, and is gone.
    Stop,
}

/// Ready when the process is asked to stop, and `clean` has been called. Then it ends within the drain timeout.
pub(super) fn stop(
    drain_timeout: Duration,
    end_of_input: EndOfInput,
    clean: impl FnOnce() + Send + 'static,
) -> io::Result<oneshot::Receiver<()>> {
    let (stop, is_stopped) = oneshot::channel();
    let (ready, is_ready) = sync_channel(1);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let tell = move |signals| ready.send(signals).is_ok();
    let wait = move || wait(&runtime, tell, drain_timeout, end_of_input, clean, stop);
    std::thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
    is_ready.recv().unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()))?;
    Ok(is_stopped)
}

fn wait(
    runtime: &Runtime,
    tell: impl FnOnce(io::Result<()>) -> bool,
    drain_timeout: Duration,
    end_of_input: EndOfInput,
    clean: impl FnOnce() + Send + 'static,
    stop: oneshot::Sender<()>,
) {
    runtime.block_on(async {
        let mut signals = match Signals::new() {
            Ok(signals) => signals,
            Err(error) => {
                tell(Err(error));
                return;
            }
        };
        tell(Ok(()));
        tokio::select! {
            _ = signals.next() => {
                tracing::info!("stopping: open requests may finish; another signal ends them at once");
            }
            () = input_ended(end_of_input) => {
                tracing::info!("stopping: standard input has ended; open requests may finish; a signal ends them at once");
            }
        }
        let (done, is_done) = oneshot::channel();
        std::thread::spawn(move || {
            clean();
            let _ = done.send(());
        });
        let _ = timeout(CLEANING, is_done).await;
        let _ = stop.send(());
        let code = timeout(drain_timeout.saturating_add(GRACE), signals.next()).await;
        // Who waits so long was asked once, and is cut off like a connection.
        std::process::exit(code.unwrap_or(0));
    });
}

/// Ready when standard input has ended, or cannot be read, and that means something. What comes before is read over.
async fn input_ended(meaning: EndOfInput) {
    let (ended, has_ended) = oneshot::channel();
    if meaning == EndOfInput::Nothing {
        return std::future::pending().await;
    }
    // Reading cannot be given up: the thread ends with the process.
    std::thread::spawn(move || {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        let _ = ended.send(());
    });
    let _ = has_ended.await;
}

/// What asks the process to end.
#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    /// `None` where it is ignored: `nohup` means that the process goes on.
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let hangup = (!is_hangup_ignored()).then(|| signal(SignalKind::hangup())).transpose()?;
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup,
        })
    }

    /// The exit code that shells know the next one by.
    async fn next(&mut self) -> i32 {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => 143,
            _ = self.interrupt.recv() => 130,
            _ = hangup => 129,
        }
    }
}

/// Whether whoever started the process has it ignore SIGHUP. Only Linux tells.
#[cfg(unix)]
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

/// What asks the process to end.
#[cfg(windows)]
struct Signals {
    ctrl_c: tokio::signal::windows::CtrlC,
    ctrl_break: tokio::signal::windows::CtrlBreak,
    ctrl_close: tokio::signal::windows::CtrlClose,
}

#[cfg(windows)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::windows;
        Ok(Self {
            ctrl_c: windows::ctrl_c()?,
            ctrl_break: windows::ctrl_break()?,
            ctrl_close: windows::ctrl_close()?,
        })
    }

    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.ctrl_c.recv() => {}
            _ = self.ctrl_break.recv() => {}
            _ = self.ctrl_close.recv() => {}
        }
        1
    }
}
