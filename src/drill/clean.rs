//! The clean run: the command without faults, twice. What is wrong with it makes every judgement worthless, so that is
//! told first; what differs between the two although nothing went wrong is volatile, and left out of comparisons.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use super::made::Made;
use super::observed::{Ending, Observed, Stop};
use crate::journal::Exchange;
use crate::operation::Operation;
use crate::wire::{Body, multipart, query};

/// Members of bodies, and parameters of queries, that are not the same when the same is done again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Volatile {
    /// JSON Pointers, by operation.
    members: BTreeMap<Option<&'static str>, BTreeSet<String>>,
    /// Names.
    parameters: BTreeMap<Option<&'static str>, BTreeSet<String>>,
}

impl Volatile {
    /// What differs between two runs that did the same.
    pub(super) fn between(first: &[Exchange], second: &[Exchange]) -> Self {
        let mut volatile = Self::default();
        let (made, others_made) = (Made::of(first, &volatile), Made::of(second, &volatile));
        for (one, other) in matched((first, &made), (second, &others_made)) {
            let operation = one.operation.map(Operation::id);
            let (one, other) = (one.request.unpack(), other.request.unpack());
            if let (Some(mut body), Some(mut other_body)) = (json(&one.body), json(&other.body)) {
                made.name_in(&mut body);
                others_made.name_in(&mut other_body);
                let members = volatile.members.entry(operation).or_default();
                differences(&body, &other_body, String::new(), members);
            }
            let pairs = |request: &crate::wire::Request| -> BTreeMap<String, String> {
                let query = request.uri.query().unwrap_or_default().to_owned();
                query::pairs(&query).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
            };
            let (pairs, others) = (pairs(&one), pairs(&other));
            let differ =
                pairs.iter().filter(|(name, value)| others.get(*name).is_some_and(|other| other != *value));
            let differ = differ.map(|(name, _)| name.clone()).filter(|name| !PAGING.contains(&name.as_str()));
            volatile.parameters.entry(operation).or_default().extend(differ);
        }
        volatile
    }

    /// What a call asks for, without what is volatile, and with names for the ids that were made in its run; `None` where
    /// it has nothing of either.
    pub(super) fn key(&self, exchange: &Exchange, made: &Made) -> Option<u64> {
        let is_token = exchange.operation == Some(Operation::Token);
        (!is_token && (self.is_in(exchange) || names_any(exchange, made))).then(|| self.asked(exchange, made))
    }

    /// The same for any call.
    pub(super) fn asked(&self, exchange: &Exchange, made: &Made) -> u64 {
        let operation = exchange.operation.map(Operation::id);
        let request = exchange.request.unpack();
        let body = match (json(&request.body), &request.body) {
            (Some(mut body), _) => {
                for pointer in self.members.get(&operation).into_iter().flatten() {
                    if let Some(member) = body.pointer_mut(pointer) {
                        *member = Value::Null;
                    }
                }
                made.name_in(&mut body);
                body.to_string()
            }
            // The boundary of a multipart body is drawn anew each time.
            (None, Body::Whole(body)) => match multipart::of(&request) {
                Some(parts) => format!("{parts:?}"),
                None => String::from_utf8_lossy(body).into_owned(),
            },
            (None, _) => String::new(),
        };
        let parameters = self.parameters.get(&operation);
        let query = request.uri.query().unwrap_or_default();
        let mut pairs: Vec<_> = query::pairs(query)
            .filter(|(name, _)| !parameters.is_some_and(|names| names.contains(&**name)))
            .map(|(name, value)| (name, made.named(&value).into_owned()))
            .collect();
        pairs.sort();
        let path = made.named(exchange.request.path_in(&request));
        digest(&(request.method.as_str(), path, pairs, body))
    }

    /// Whether something in calls of its operation is volatile.
    fn is_in(&self, exchange: &Exchange) -> bool {
        let operation = exchange.operation.map(Operation::id);
        let has_any = |places: &BTreeMap<_, BTreeSet<String>>| {
            places.get(&operation).is_some_and(|found| !found.is_empty())
        };
        has_any(&self.members) || has_any(&self.parameters)
    }
}

/// Whether an id that was made in the run stands in a call's path, query or body.
fn names_any(exchange: &Exchange, made: &Made) -> bool {
    let request = exchange.request.unpack();
    let target = request.uri.path_and_query().map_or("", |target| target.as_str());
    let is_in = |text: &str| matches!(made.named(text), std::borrow::Cow::Owned(_));
    let in_body = || match &request.body {
        Body::Whole(body) => std::str::from_utf8(body).is_ok_and(is_in),
        Body::TooLarge { .. } => false,
    };
    is_in(target) || in_body()
}

/// Parameters by which pages of a list differ.
const PAGING: [&str; 2] = ["offset", "limit"];

fn digest(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// A body as JSON. Some clients write the members of an object in another order each time, so they are sorted.
fn json(body: &Body) -> Option<Value> {
    let Body::Whole(body) = body else { return None };
    let mut value: Value = serde_json::from_slice(body).ok()?;
    value.sort_all_objects();
    Some(value)
}

/// A run's calls, with names for the ids that were made in it.
type Told<'a> = (&'a [Exchange], &'a Made);

/// Calls that did the same in both runs: those that are equal, whenever they came; the others of an operation one after the
/// other.
fn matched<'a>(
    (first, made): Told<'a>,
    (second, others_made): Told<'a>,
) -> impl Iterator<Item = (&'a Exchange, &'a Exchange)> {
    let plain = Volatile::default();
    let mut equal: BTreeMap<u64, Vec<&Exchange>> = BTreeMap::new();
    for exchange in second.iter().rev() {
        equal.entry(plain.asked(exchange, others_made)).or_default().push(exchange);
    }
    let is_new =
        |one: &&Exchange| equal.get_mut(&plain.asked(one, made)).is_none_or(|others| others.pop().is_none());
    let new: Vec<_> = first.iter().filter(is_new).collect();
    let mut left: Vec<_> = equal.into_values().flatten().collect();
    left.sort_by_key(|exchange| std::cmp::Reverse(exchange.seq));
    let mut others: BTreeMap<_, Vec<&Exchange>> = BTreeMap::new();
    for exchange in left {
        others.entry(exchange.operation.map(Operation::id)).or_default().push(exchange);
    }
    new.into_iter().filter_map(move |one| {
        let other = others.get_mut(&one.operation.map(Operation::id))?.pop()?;
        Some((one, other))
    })
}

/// The places at which two values of one shape differ.
fn differences(one: &Value, other: &Value, place: String, found: &mut BTreeSet<String>) {
    match (one, other) {
        (Value::Object(members), Value::Object(others)) => {
            for (name, member) in members {
                if let Some(other) = others.get(name) {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    differences(member, other, format!("{place}/{name}"), found);
                }
            }
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            for (index, (item, other)) in items.iter().zip(others).enumerate() {
                differences(item, other, format!("{place}/{index}"), found);
            }
        }
        _ if one != other && !place.is_empty() => {
            found.insert(place);
        }
        _ => {}
    }
}

/// What is wrong with a clean run, with what to do about it.
pub(super) fn trouble(run: &Observed, is_success: bool) -> Option<String> {
    let calls = run.exchanges.len();
    match run.ending {
        Ending::Stopped(Stop::Interrupted) => None,
        Ending::Stopped(stop) => Some(stopped(stop, run)),
        Ending::Code(_) if is_success && calls == 0 => Some(no_call(run)),
        Ending::Code(_) if is_success => None,
        ending => {
            let input = if wants_input(run) {
                " It seems to read its standard input, which is empty in a drill."
            } else {
                ""
            };
            let none = if calls == 0 { " It made no call to the API." } else { "" };
            Some(format!(
                "The command fails when nothing goes wrong ({}), so that nothing was judged.{none}{input} Make it succeed \
                 against a fresh tenant first; its output is in runs/clean.{}",
                ending.in_words(),
                last_words(run)
            ))
        }
    }
}

/// Why nothing was called.
fn no_call(run: &Observed) -> String {
    let mut told = String::from("The command made no call to the API. ");
    if run.left_processes {
        told.push_str(
            "It left processes behind when it ended: if one of them is the client, run that in the foreground. ",
        );
    }
    if run.astray > 0 {
        let times = if run.astray == 1 { "once".to_owned() } else { format!("{} times", run.astray) };
        told.push_str("It did call the server ");
        told.push_str(&times);
        told.push_str(" without the tenant's path: use the whole base URL, path included. ");
    }
    told.push_str(
        "Does it read SAIL_BASE_URL, or is its address fixed, or in a file? Give it {{baseUrl}} as an argument, or have it \
         read the variable.",
    );
    told
}

fn stopped(stop: Stop, run: &Observed) -> String {
    match stop {
        Stop::NoCall(waited) => format!(
            "The command made no call to the API within {} s and was stopped. Does it read SAIL_BASE_URL? Give it \
             {{{{baseUrl}}}} as an argument, or more time with --timeout.",
            waited.as_secs()
        ),
        Stop::TooMuchOutput => format!(
            "The command wrote {} MiB and was stopped. Have it write less: a lower log level, or a file of its own.",
            (run.stdout.total_bytes + run.stderr.total_bytes) >> 20
        ),
        Stop::TooManyCalls => format!(
            "The command made {} calls without an end and was stopped. Give it a task that ends.",
            run.exchanges.len()
        ),
        Stop::Deadline | Stop::Silence | Stop::Interrupted => format!(
            "The command did not end within {} s although nothing went wrong, and was stopped after {}. Give it more time \
             with --timeout, or a task that ends.",
            run.deadline.as_secs_f64().round(),
            calls(run.exchanges.len())
        ),
    }
}

fn calls(count: usize) -> String {
    if count == 1 { "1 call".to_owned() } else { format!("{count} calls") }
}

/// The last line that it wrote.
fn last_words(run: &Observed) -> String {
    let last =
        |text: &str| text.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned);
    match last(&run.stderr.text).or_else(|| last(&run.stdout.text)) {
        None => String::new(),
        Some(line) => format!(" Its last line: {}", line.chars().take(200).collect::<String>()),
    }
}

/// Whether its last words are those of somebody who found no input.
fn wants_input(run: &Observed) -> bool {
    let words = [&run.stderr.text, &run.stdout.text].map(|text| {
        let from = text.char_indices().rev().nth(2_000).map_or(0, |(place, _)| place);
        text[from..].to_ascii_lowercase()
    });
    let signs = [
        "eoferror",
        "eof when reading",
        "end of file",
        "unexpected eof",
        "stdin",
        "standard input",
        "not a tty",
    ];
    words.iter().any(|words| signs.iter().any(|sign| words.contains(sign)))
}

/// How two clean runs differ, if they do: what is judged compares other runs with them.
pub(super) fn difference(first: &Observed, second: &Observed, volatile: &Volatile) -> Option<String> {
    let (writes, reads) = keys(first, volatile);
    let (other_writes, other_reads) = keys(second, volatile);
    let found = write_difference(&writes, &other_writes).or_else(|| read_difference(&reads, &other_reads))?;
    Some(format!(
        "The command does not do the same twice: {found}. Runs cannot be compared with one that changes: give it a fixed \
         task, fixed names, and no random choice (SYNC_GROUP_SIM_DRILL_SEED is there to seed it)."
    ))
}

/// What was asked for: writes as often as they were, reads and tokens once each.
type Keys = (BTreeMap<String, usize>, BTreeSet<String>);

fn keys(run: &Observed, volatile: &Volatile) -> Keys {
    let (mut writes, mut reads) = (BTreeMap::new(), BTreeSet::new());
    let made = Made::of(&run.exchanges, volatile);
    for exchange in &run.exchanges {
        let request = exchange.request.unpack();
        let path = exchange.request.path_in(&request);
        let name = exchange
            .operation
            .map_or_else(|| format!("{} {path}", request.method), |operation| operation.id().to_owned());
        let reads_only = exchange.operation.map_or(request.method == hyper::Method::GET, Operation::is_read);
        if exchange.operation == Some(Operation::Token) {
            reads.insert(name);
        } else if reads_only && !volatile.is_in(exchange) {
            reads.insert(format!("{name} {}", made.named(path)));
        } else {
            let key = format!("{name} {:x}", volatile.asked(exchange, &made));
            if reads_only {
                reads.insert(key);
            } else {
                *writes.entry(key).or_insert(0) += 1;
            }
        }
    }
    (writes, reads)
}

fn write_difference(first: &BTreeMap<String, usize>, second: &BTreeMap<String, usize>) -> Option<String> {
    let names: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
    let differs = names.into_iter().find(|name| first.get(*name) != second.get(*name))?;
    let count = |keys: &BTreeMap<String, usize>| keys.get(differs).copied().unwrap_or(0);
    Some(format!(
        "`{}` came {} the first time and {} the second",
        operation_in(differs),
        times(count(first)),
        times(count(second))
    ))
}

fn read_difference(first: &BTreeSet<String>, second: &BTreeSet<String>) -> Option<String> {
    let differs = first.symmetric_difference(second).next()?;
    let which = if first.contains(differs) { "first" } else { "second" };
    Some(format!("it made a call of `{}` only the {which} time", operation_in(differs)))
}

fn operation_in(key: &str) -> &str {
    key.split(' ').next().unwrap_or_default()
}

fn times(count: usize) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}
