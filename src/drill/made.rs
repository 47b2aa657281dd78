//! Ids that the service made in a run, by what was asked for when they were made. It draws them in the order in which
//! requests arrive, so that a client which makes calls at the same time is given another id for the same record each time.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;

use super::clean::Volatile;
use crate::journal::Exchange;
use crate::operation::Operation;
use crate::wire::changed::ChangeKind;

/// What stands for the ids that were made in a run.
#[derive(Debug, Default)]
pub(super) struct Made(HashMap<String, String>);

impl Made {
    pub(super) fn of(exchanges: &[Exchange], volatile: &Volatile) -> Self {
        let mut made = Self::default();
        let mut times: HashMap<u64, usize> = HashMap::new();
        for exchange in exchanges {
            for id in ids(exchange) {
                let asked = volatile.asked(exchange, &made);
                let times = times.entry(asked).or_insert(0);
                *times += 1;
                made.0.insert(id, format!("(made for {asked:x}, {times})"));
            }
        }
        made
    }

    /// A text with what stands for the ids in it.
    pub(super) fn named<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let is_apart = |c: char| !c.is_ascii_alphanumeric() && c != '-';
        if !text.split(is_apart).any(|word| self.0.contains_key(word)) {
            return Cow::Borrowed(text);
        }
        let words = text.split_inclusive(is_apart).map(|piece| {
            let word = piece.trim_end_matches(is_apart);
            self.0
                .get(word)
                .map_or_else(|| piece.to_owned(), |name| format!("{name}{}", &piece[word.len()..]))
        });
        Cow::Owned(words.collect())
    }

    /// The same in each text of a JSON value.
    pub(super) fn name_in(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Cow::Owned(named) = self.named(text) {
                    *text = named;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.name_in(item)),
            Value::Object(members) => members.values_mut().for_each(|member| self.name_in(member)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// The ids that a call made: of the records that it created, and of a password change.
fn ids(exchange: &Exchange) -> Vec<String> {
    let created = exchange.changes.iter().filter(|change| change.kind == ChangeKind::Created);
    let mut ids: Vec<_> = created.map(crate::wire::changed::Changed::id).collect();
    if exchange.operation == Some(Operation::SetPassword) && exchange.performed {
        ids.extend(exchange.reply.value()["requestId"].as_str().map(str::to_owned));
    }
    ids.retain(|id| !id.is_empty());
    ids
}
