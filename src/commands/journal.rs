//! `sync-group-sim journal`: shows what clients did and were told, as it was or as it happens; or writes it down as an
//! HTTP archive.

use std::io::{self, Write};
use std::path::Path;

use serde_json::Value;

use super::remote::{self, Remote, Trouble};
use super::wrap::terminal_columns;
use super::{Failure, Outcome};
use crate::cli::JournalArgs;
use crate::own_files::OwnFile;

mod events;
mod line;

use events::{Event, Events};

/// Exchanges that are asked for at once.
const PAGE: usize = 100;

pub(super) fn journal(args: &JournalArgs) -> Outcome {
    // Only this is asked again and again: what was printed would be printed again.
    let found = remote::ask(&args.server, &async |remote: &Remote| {
        remote.text("health").await.map(|_| remote.clone())
    });
    let remote = found?;
    let told = remote::on_runtime(async {
        match &args.har {
            Some(path) => archive(&remote, path).await,
            None if args.follow => follow(&remote, args).await,
            None => list(&remote, args).await,
        }
    });
    told.map_err(Failure::from)
}

/// Prints what there is, a page at a time.
async fn list(remote: &Remote, args: &JournalArgs) -> Result<(), Trouble> {
    let mut after = 0;
    loop {
        let page = remote.json(&format!("journal?after={after}&limit={PAGE}")).await?;
        let exchanges = page["exchanges"].as_array().map(Vec::as_slice).unwrap_or_default();
        if after == 0 && page["dropped"].as_u64().is_some_and(|dropped| dropped > 0) {
            eprintln!(
                "{} earlier exchanges were dropped (--journal-limit, --journal-bytes)",
                page["dropped"]
            );
        }
        for exchange in exchanges {
            if !tell(exchange, args)? {
                return Ok(());
            }
        }
        match exchanges.last().and_then(|last| last["seq"].as_u64()) {
            Some(last) if exchanges.len() == PAGE => after = last,
            _ => return Ok(()),
        }
    }
}

/// Prints what there is, and what comes, until the tenant or the server ends.
async fn follow(remote: &Remote, args: &JournalArgs) -> Result<(), Trouble> {
    let mut body = remote.open("journal/stream", "text/event-stream", None).await?;
    let mut events = Events::default();
    while let Some(piece) = remote.next_piece(&mut body).await? {
        for event in events.read(&piece) {
            let is_read = match event {
                Event::Exchange(exchange) => tell(&exchange, args)?,
                Event::Reset if args.json => true,
                Event::Reset => print_line("-- the tenant was reset, or got another state --")?,
            };
            if !is_read {
                return Ok(());
            }
        }
    }
    eprintln!("{}: the end: the tenant was deleted, or the server stopped", remote.url);
    Ok(())
}

/// Prints one exchange; returns whether anybody still reads.
fn tell(exchange: &Value, args: &JournalArgs) -> Result<bool, Trouble> {
    print_line(&if args.json { exchange.to_string() } else { line::of(exchange, terminal_columns()) })
}

/// Prints a line; returns whether anybody still reads.
fn print_line(line: &str) -> Result<bool, Trouble> {
    match writeln!(io::stdout(), "{line}").and_then(|()| io::stdout().flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(_) => Err(Trouble::Refused("stdout cannot be written".to_owned())),
    }
}

/// Writes the journal as an HTTP archive; `-` is stdout. The file has its name once it is complete.
async fn archive(remote: &Remote, path: &Path) -> Result<(), Trouble> {
    let mut body = remote.open("journal.har", "application/json", None).await?;
    if path == Path::new("-") {
        while let Some(piece) = remote.next_piece(&mut body).await? {
            io::stdout()
                .write_all(&piece)
                .map_err(|_| Trouble::Refused("stdout cannot be written".to_owned()))?;
        }
        return Ok(());
    }
    let mut whole = Vec::new();
    while let Some(piece) = remote.next_piece(&mut body).await? {
        whole.extend_from_slice(&piece);
    }
    OwnFile::leave(path, &whole).map_err(Trouble::Usage)
}
