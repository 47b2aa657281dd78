//! What is shown while a drill goes on: a line for each run as it ends and, on a terminal, one that says what is running.
//! Where lines are read later, such as in CI, a line says so when nothing has ended for a while.

use std::collections::HashSet;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use sync_group_sim::drill::report::text::Style;

use super::watch::now;

/// After so long without news, something is said in CI, and again after twice, four times, … as long.
const SLOW: Duration = Duration::from_secs(8);

/// The screen.
#[derive(Debug)]
pub(super) struct Screen {
    pub(super) style: Style,
    is_terminal: bool,
    has_live_line: bool,
    last_news: Instant,
    /// How long nothing may be said after that.
    patience: Duration,
}

impl Screen {
    pub(super) fn new() -> Self {
        let stdout = std::io::stdout();
        let is_terminal = stdout.is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let is_unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let columns = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let style = match (is_terminal, columns) {
            (true, Some(columns)) => Style::terminal(!is_unwanted, columns),
            (true, None) => Style::terminal(!is_unwanted, Style::PLAIN.columns()),
            (false, _) => Style::PLAIN,
        };
        Self { style, is_terminal, has_live_line: false, last_news: now(), patience: SLOW }
    }

    /// Shows lines that stay. It is not a failure if the reader has gone away.
    pub(super) fn show(&mut self, text: &str) {
        self.write(text);
        self.patience = SLOW;
    }

    fn write(&mut self, text: &str) {
        self.wipe();
        let mut stdout = std::io::stdout();
        let _ = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
        self.last_news = now();
    }

    /// Says what is running: how many of how many are done, and each with the time since its start.
    pub(super) fn tick(&mut self, done: usize, all: usize, running: &[(String, Instant)]) {
        let at = now();
        if self.is_terminal {
            self.wipe();
            let line = format!("  {done} of {all} done; running: {}", names(running).join(", "));
            let line: String = line.chars().take(self.style.columns() - 1).collect();
            let mut stdout = std::io::stdout();
            self.has_live_line = write!(stdout, "{line}").and_then(|()| stdout.flush()).is_ok();
        } else if at.saturating_duration_since(self.last_news) >= self.patience && !running.is_empty() {
            self.write(&slow(running, at));
            self.patience *= 2;
        }
    }

    /// Removes the live line.
    pub(super) fn wipe(&mut self) {
        if std::mem::take(&mut self.has_live_line) {
            let _ = write!(std::io::stdout(), "\r\x1b[2K");
        }
    }
}

/// What has been running for longest; of runs with one name, the first that began.
fn slow(running: &[(String, Instant)], at: Instant) -> String {
    let mut running: Vec<_> = running.iter().collect();
    running.sort_by_key(|(_, since)| *since);
    let mut names = HashSet::new();
    running.retain(|(name, _)| names.insert(name));
    let shown = running.iter().take(2);
    let shown: Vec<_> = shown
        .map(|(name, since)| format!("{name} {} s", at.saturating_duration_since(*since).as_secs()))
        .collect();
    let others = running.len().saturating_sub(2);
    let others = if others > 0 { format!(", and {others} more") } else { String::new() };
    format!("  SLOW  {}{others}", shown.join(", "))
}

/// The names of what is running, once each.
fn names(running: &[(String, Instant)]) -> Vec<&str> {
    let mut seen = HashSet::new();
    running.iter().map(|(name, _)| name.as_str()).filter(|name| seen.insert(*name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_with_one_name_are_named_once() {
        let at = now() + Duration::from_mins(1);
        let ago =
            |name: &str, seconds| (name.to_owned(), at.checked_sub(Duration::from_secs(seconds)).unwrap());
        let running = [ago("probe-503", 3), ago("chaos", 5), ago("probe-503", 9), ago("probe-429", 1)];
        assert_eq!(slow(&running, at), "  SLOW  probe-503 9 s, chaos 5 s, and 1 more");
        assert_eq!(names(&running), ["probe-503", "chaos", "probe-429"]);
    }
}
