//! Whether one `when` holds wherever another does. It may be said of too few, never of too many: on it rules are refused.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};

use regex::Regex;
use serde_json::Value;

use super::calls::{Calls, Reach};
use super::paths;
use crate::scenario::expression;
use crate::scenario::written::{Operations, Rule, TextMatch, ValueMatch, When};

/// Steps that the comparison of all paths of a scenario may take: a second or so. Nobody needs as many by hand.
const MOST_STEPS: u32 = 10_000_000;

/// Rules that are compared with each other.
pub(in crate::scenario) struct Covers<'a> {
    pub(super) rules: &'a [Rule],
    /// What each rule may be about, once that is asked for.
    reaches: Vec<OnceCell<Reach>>,
    /// Regular expressions that were compiled for this.
    regexes: RefCell<HashMap<&'a str, Option<Regex>>>,
    steps_left: Cell<u32>,
}

impl<'a> Covers<'a> {
    pub(in crate::scenario) fn new(rules: &'a [Rule]) -> Self {
        Self {
            rules,
            reaches: rules.iter().map(|_| OnceCell::new()).collect(),
            regexes: RefCell::default(),
            steps_left: Cell::new(MOST_STEPS),
        }
    }

    /// Whether the `when` of the rule at `wide` holds wherever that of the rule at `narrow` does.
    pub(super) fn covers(&self, wide: usize, narrow: usize) -> bool {
        self.has_the_rest(wide, narrow) && self.has_the_route(wide, narrow)
    }

    /// Whether that is so of one of `wide` for each call that `narrow` may be about; then those of them that it takes.
    pub(super) fn cover_together(&self, wide: &[usize], narrow: usize) -> Option<Vec<usize>> {
        let reach = self.reach(narrow);
        if reach.elsewhere || reach.may.is_empty() {
            return None;
        }
        let (mut taken, mut takers) = (Calls::none(), Vec::new());
        for &wide in wide.iter().filter(|&&wide| self.has_the_rest(wide, narrow)) {
            let more = taken.or(&self.taken(wide, narrow));
            if more != taken {
                takers.push(wide);
            }
            taken = more;
        }
        reach.may.are_in(&taken).then_some(takers)
    }

    fn reach(&self, index: usize) -> &Reach {
        self.reaches[index].get_or_init(|| Reach::of(&self.rules[index].when, &self.steps_left))
    }

    /// The calls that `narrow` may be about and of which `wide` surely has operation, version, method and path.
    fn taken(&self, wide: usize, narrow: usize) -> Calls {
        let taken = self.reach(wide).sure.and(&self.reach(narrow).may);
        if self.has_the_path(wide, narrow) { taken } else { taken.and(&self.reach(wide).sure_path) }
    }

    /// Whether the path of `wide` fits every path of `narrow`.
    fn has_the_path(&self, wide: usize, narrow: usize) -> bool {
        match (&self.reach(wide).path, &self.reach(narrow).path) {
            (None, _) => true,
            (Some(wide), narrow) => {
                let any = paths::pieces("**");
                paths::includes(wide, narrow.as_ref().unwrap_or(&any), &self.steps_left)
            }
        }
    }

    /// Whether every request that `narrow` matches has the operation, version, method and path of `wide`.
    fn has_the_route(&self, wide: usize, narrow: usize) -> bool {
        let (wide_when, narrow_when) = (&self.rules[wide].when, &self.rules[narrow].when);
        if wide_when.operation == Some(Operations::Attempts) {
            return narrow_when.operation == wide_when.operation;
        }
        if narrow_when.operation == Some(Operations::Attempts) {
            return false;
        }
        let is_everything = wide_when.operation.is_none() || wide_when.operation == Some(Operations::Any);
        let is_free = wide_when.version.is_none() && wide_when.method.is_none() && wide_when.path.is_none();
        if is_everything && is_free {
            return true;
        }
        if !self.reach(narrow).elsewhere && self.reach(narrow).may.are_in(&self.taken(wide, narrow)) {
            return true;
        }
        is_everything
            && self.has_the_version(wide, narrow)
            && self.text(wide_when.method.as_ref(), narrow_when.method.as_ref())
            && self.has_the_path(wide, narrow)
    }

    fn has_the_version(&self, wide: usize, narrow: usize) -> bool {
        let (wide, written) = (self.rules[wide].when.version.as_ref(), &self.rules[narrow].when.version);
        let by_path = self.reach(narrow).version.map(|version| TextMatch::Exact(version.to_owned()));
        self.text(wide, written.as_ref())
            || wide.zip(by_path).is_some_and(|(wide, version)| match wide {
                TextMatch::Exact(_) | TextMatch::Present(_) => text_covers(wide, &version),
                TextMatch::Regex(_) => false,
            })
    }

    /// Whether the parts of `wide` that are not about the route hold wherever those of `narrow` do.
    fn has_the_rest(&self, wide: usize, narrow: usize) -> bool {
        let (wide, narrow) = (&self.rules[wide].when, &self.rules[narrow].when);
        let text = |wide: &'a TextMatch, narrow: &TextMatch| self.text_covers(wide, narrow);
        // All of it by name, so that a new part is decided about here, too.
        let When {
            operation: _,
            version: _,
            method: _,
            path: _,
            client,
            query,
            header,
            body,
            page,
            connection,
            source,
        } = wide;
        one(page.as_ref(), narrow.page.as_ref())
            && one(connection.as_ref(), narrow.connection.as_ref())
            && self.text(client.as_ref(), narrow.client.as_ref())
            && self.text(source.as_ref(), narrow.source.as_ref())
            && all(query, &narrow.query, str::eq, text)
            && all(header, &narrow.header, str::eq_ignore_ascii_case, text)
            && all(body, &narrow.body, str::eq, |wide, narrow| self.value_covers(wide, narrow))
    }

    fn text(&self, wide: Option<&'a TextMatch>, narrow: Option<&TextMatch>) -> bool {
        wide.is_none_or(|wide| narrow.is_some_and(|narrow| self.text_covers(wide, narrow)))
    }

    fn text_covers(&self, wide: &'a TextMatch, narrow: &TextMatch) -> bool {
        match (wide, narrow) {
            (TextMatch::Regex(regex), TextMatch::Exact(text)) => self.is_found(regex, text),
            _ => text_covers(wide, narrow),
        }
    }

    fn value_covers(&self, wide: &'a ValueMatch, narrow: &ValueMatch) -> bool {
        match (wide, narrow) {
            (ValueMatch::Regex(regex), ValueMatch::Exact(Value::String(text))) => self.is_found(regex, text),
            (ValueMatch::Present(true), ValueMatch::Exact(_) | ValueMatch::Regex(_)) => true,
            _ => wide == narrow,
        }
    }

    fn is_found(&self, regex: &'a str, text: &str) -> bool {
        let mut regexes = self.regexes.borrow_mut();
        let compiled = regexes.entry(regex).or_insert_with(|| expression::compile(regex).ok());
        compiled.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

fn text_covers(wide: &TextMatch, narrow: &TextMatch) -> bool {
    let is_there = matches!(narrow, TextMatch::Exact(_) | TextMatch::Regex(_));
    wide == narrow || *wide == TextMatch::Present(true) && is_there
}

/// Whether the narrower `when` requires each of these texts or values as well.
fn all<'a, T>(
    wide: &'a BTreeMap<String, T>,
    narrow: &BTreeMap<String, T>,
    same: fn(&str, &str) -> bool,
    covers: impl Fn(&'a T, &T) -> bool,
) -> bool {
    wide.iter()
        .all(|(name, wide)| narrow.iter().any(|(other, narrow)| same(name, other) && covers(wide, narrow)))
}

fn one<T: PartialEq>(wide: Option<&T>, narrow: Option<&T>) -> bool {
    wide.is_none() || wide == narrow
}
