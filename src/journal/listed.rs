//! A journal as JSON text, a page at a time, so that a long one is never in memory as a whole.

use serde_json::{Value, json};

use super::{Exchange, Filter, har, show};
use crate::wire::secrets::Secrets;

/// A page ends with the exchange that makes it this long, in bytes.
pub(crate) const LONG_PAGE: usize = 256 << 10;

/// In which form exchanges are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The journal's own.
    Journal,
    /// An HTTP archive.
    Archive,
}

/// A listing that is being written.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) form: Form,
    /// Which exchanges; how many more is its `limit`, the last that was looked at its `after`.
    pub(crate) filter: Filter,
    /// The last number that is listed: that of the newest exchange when it began.
    pub(crate) until: u64,
    tail: String,
    /// What is wrong with the client that the filter names, if it is none of the tenant's.
    unknown: Option<String>,
    is_first: bool,
}

impl Listing {
    /// A listing, and how its text begins.
    pub(crate) fn begin(
        form: Form,
        filter: Filter,
        until: u64,
        seed: u64,
        dropped: u64,
        unknown: Option<String>,
    ) -> (Self, String) {
        let (head, tail) = match form {
            Form::Journal => {
                (format!("{{\"seed\":{seed},\"exchanges\":["), format!("],\"dropped\":{dropped}"))
            }
            Form::Archive => {
                let creator = json!({ "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") });
                let head = format!("{{\"log\":{{\"version\":\"1.2\",\"creator\":{creator},\"entries\":[");
                (head, "]".to_owned())
            }
        };
        (Self { form, filter, until, tail, unknown, is_first: true }, head)
    }

    /// Adds the next exchanges to a page, oldest first, until it is long.
    pub(crate) fn add(&mut self, exchanges: &[Exchange], secrets: &Secrets, page: &mut String) {
        for exchange in exchanges {
            if page.len() >= LONG_PAGE {
                return;
            }
            if !std::mem::take(&mut self.is_first) {
                page.push(',');
            }
            let shown: Value = match self.form {
                Form::Journal => show(exchange, secrets),
                Form::Archive => har::entry(exchange, secrets),
            };
            page.push_str(&shown.to_string());
            self.filter.after = exchange.seq;
            self.filter.limit -= 1;
        }
    }

    /// How its text ends. Where nothing is listed because no client is called so, it says that: whoever fetches a token
    /// may name any client, so it is not a mistake by itself.
    pub(crate) fn end(&self) -> String {
        let warning = self.unknown.as_ref().filter(|_| self.is_first).map(|why| Value::from(&**why));
        let (name, close) = match self.form {
            Form::Journal => ("warning", "}"),
            Form::Archive => ("comment", "}}"),
        };
        let warning = warning.map(|why| format!(",\"{name}\":{why}")).unwrap_or_default();
        format!("{}{warning}{close}", self.tail)
    }
}
