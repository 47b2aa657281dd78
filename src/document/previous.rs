//! Reading by serde, for what is not described as [`Written`](super::Written) yet.

use serde::de::DeserializeOwned;

use super::{Document, DocumentError, Format};

impl Document<'_> {
    /// Reads the whole document as a `T`; unknown keys are `T`'s to refuse.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, DocumentError> {
        if self.format == Format::BuiltIn {
            return serde_json::from_str(self.text).map_err(|error| self.error(0, 0, error.to_string()));
        }
        if self.format == Format::Json {
            // The YAML reader below is laxer than JSON: first see that it is JSON at all.
            serde_json::from_str::<serde::de::IgnoredAny>(self.text).map_err(|error| {
                let message = error.to_string();
                let message = message.split(" at line ").next().unwrap_or_default();
                let column = self.column(error.line(), error.column());
                self.error(error.line(), column, format!("not JSON: {message}"))
            })?;
        }
        let says_nothing = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
        if self.text.lines().all(says_nothing) {
            return Err(self.error(1, 1, "the document is empty"));
        }
        let mut options = serde_saphyr::options! { with_snippet: false, strict_booleans: true };
        // Short YAML can mean endlessly much; JSON means no more than it is long.
        if self.format == Format::Json {
            let most = self.text.len().max(250_000);
            options.budget = serde_saphyr::budget! { max_nodes: most, max_events: 2 * most };
        }
        serde_saphyr::from_str_with_options(self.text, options).map_err(|error| {
            let (line, column) =
                error.location().map_or((0, 0), |at| (number(at.line()), number(at.column())));
            self.error(line, column, plain_message(&error.without_snippet().to_string()))
        })
    }

    /// The column in characters of one in bytes; both 1-based.
    fn column(&self, line: usize, column_bytes: usize) -> usize {
        let line = self.text.split('\n').nth(line.saturating_sub(1)).unwrap_or_default();
        let behind = line.char_indices().take_while(|(start, _)| *start < column_bytes).count();
        behind.max(1)
    }
}

fn number(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Drops the reader's own words for the place, which [`DocumentError`] shows in front.
fn plain_message(message: &str) -> String {
    let end = [" at line ", "\n"].iter().filter_map(|mark| message.find(mark)).min().unwrap_or(message.len());
    let start = message
        .find("column ")
        .filter(|_| message.starts_with("error: line "))
        .map_or(0, |column| message[column..].find(": ").map_or(0, |colon| column + colon + 2));
    let end = if end <= start { message.len() } else { end };
    in_our_words(&message[start..end])
}

/// The reader's words where they speak of its own code.
fn in_our_words(message: &str) -> String {
    if let Some((key, _)) = message.split_once(", set DuplicateKeyPolicy") {
        return format!("{}; expected each key once", key.replace("duplicate mapping key:", "duplicate key"));
    }
    if message.contains("from_str_multiple") {
        return "more than one document; expected one".to_owned();
    }
    for (theirs, ours) in [
        ("expected mapping start", "expected keys and values"),
        ("expected sequence start", "expected a list"),
        ("expected tuple variant Drawn::Uniform with 2 elements", "expected [least, most]"),
        ("invalid u16", "expected a whole number from 0"),
        ("invalid u32", "expected a whole number from 0"),
        ("invalid u64", "expected a whole number from 0"),
    ] {
        if message.contains(theirs) {
            return message.replace(theirs, ours);
        }
    }
    message.to_owned()
}

/// Reads a value by serde, for types that are not described yet.
macro_rules! by_serde {
    ($Type:ty, $expected:literal) => {
        impl $crate::document::Written for $Type {
            fn expected() -> std::borrow::Cow<'static, str> {
                $expected.into()
            }

            fn schema(_: &mut $crate::document::Definitions) -> serde_json::Value {
                serde_json::json!({ "type": "object" })
            }

            fn read(node: &$crate::document::Node<'_>, mistakes: &mut $crate::document::Mistakes) -> Option<Self> {
                match serde_json::from_value(node.to_json()) {
                    Ok(value) => Some(value),
                    Err(error) => {
                        mistakes.add(node, error.to_string());
                        None
                    }
                }
            }
        }
    };
}
pub(crate) use by_serde;
