//! How an event of the log is written for people: a request in one short line (`request.rs`), everything else as its
//! message with its fields behind it.

use std::fmt::{self, Debug, Write};
use std::time::SystemTime;

use sync_group_sim::Timestamp;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::paint::Paint;
use super::request::RequestLine;

/// Lines for people.
pub(super) struct Lines {
    pub(super) paint: Paint,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let time = time();
        let metadata = event.metadata();
        if metadata.target() == "request" {
            let mut line = RequestLine::default();
            event.record(&mut line);
            return writeln!(writer, "{}", line.text(&time, self.paint));
        }
        let mut told = Told::default();
        event.record(&mut told);
        let level = *metadata.level();
        let time = self.paint.dim(&time);
        let level = self.paint.in_colour(colour(level), &format!("{level:<5}"));
        writeln!(writer, "{time} {level} {}{}", told.message, told.fields)
    }
}

/// `09:30:01.123Z`: the wall clock's time of day, as the journal has it.
#[expect(clippy::disallowed_methods, reason = "a line says when it was written")]
fn time() -> String {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX));
    now.to_string().split('T').nth(1).unwrap_or_default().to_owned()
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => Paint::RED,
        Level::WARN => Paint::YELLOW,
        _ => Paint::GREEN,
    }
}

/// A message and its fields.
#[derive(Default)]
struct Told {
    message: String,
    fields: String,
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let told = if field.name() == "message" {
            write!(self.message, "{value:?}")
        } else {
            write!(self.fields, " {}={value:?}", field.name())
        };
        told.expect("text can be written");
    }
}
