//! A rule that matched: whether it fires, with which fault, and how long the client waits.

use std::sync::Arc;
use std::time::Duration;

use super::count::{Counts, KeyCounts, Match};
use super::fault::Fault;
use super::look::Why;
use super::plan::PlacedRule;
use super::pushed::Pushed;
use super::ruleset::CompiledRule;
use super::trigger::Moment;
use super::written::Then;
use crate::chance::Chance;
use crate::clock::Timestamp;

/// A rule that fired.
#[derive(Clone, Debug, PartialEq)]
pub struct Fired {
    /// `scenario/rule`.
    pub label: Arc<str>,
    /// What goes wrong.
    pub fault: Arc<Fault>,
    /// How long the client waits.
    pub hold: Option<Duration>,
}

/// A rule that matched and may fire.
pub(super) struct Turn<'a> {
    pub(super) placed: &'a PlacedRule,
    pub(super) matched: &'a Match,
    /// Since when its time counts.
    pub(super) began: Timestamp,
    pub(super) chance: Chance,
}

impl Turn<'_> {
    /// Whether the rule fires, and why.
    pub(super) fn decide(&self, counts: &Counts) -> Result<Why, Why> {
        let Match { nth, now, ref key, .. } = *self.matched;
        let count = counts.of(key.as_deref());
        if let Some(ends) = count.window_ends
            && now < ends
        {
            let why = format!("nth {nth}, window open until {ends}");
            let pushed =
                self.fault(count.fired.saturating_sub(1)).and_then(|fault| self.pushed(fault, count));
            return Ok(Why::said(match pushed {
                Some(pushed) => format!("{why}; {}", pushed.in_words()),
                None => why,
            }));
        }
        let why = if self.placed.rule.is_unconditional {
            Why::Nth(nth)
        } else {
            let moment = Moment { nth, fired: count.fired, elapsed: now.since(self.began) };
            let draw = || self.chance.unit(&self.draw_label("fires"), nth);
            self.placed.rule.written.fires.decide(moment, draw).map(Why::said).map_err(Why::said)?
        };
        match self.fault(count.fired) {
            Some(_) => Ok(why),
            None => Err(Why::said(format!("nth {nth}, the sequence is over"))),
        }
    }

    /// The fault of the firing after `fired` others; `None` when the sequence is over.
    fn fault(&self, fired: u64) -> Option<&Arc<Fault>> {
        let CompiledRule { faults, written, .. } = &self.placed.rule;
        if written.sequence.is_none() {
            return faults.first();
        }
        let nth = usize::try_from(fired).unwrap_or(usize::MAX);
        match written.then.unwrap_or_default() {
            _ if nth < faults.len() => faults.get(nth),
            Then::Pass => None,
            Then::Repeat => faults.get(nth % faults.len()),
            Then::Last => faults.last(),
        }
    }

    /// Counts the firing, and draws how long the client waits.
    pub(super) fn fire(&self, counts: &mut Counts) -> Fired {
        let Match { nth, now, ref key, .. } = *self.matched;
        let count = counts.of(key.as_deref());
        let in_window = count.in_window(now);
        // A window is one firing, no matter how many requests fall into it.
        let nth_fault = if in_window { count.fired.saturating_sub(1) } else { count.fired };
        let mut fault =
            self.fault(nth_fault).map(Arc::clone).expect("it was there when the rule decided to fire");
        let pushed = self.pushed(&fault, count);
        counts.fired += 1;
        if let Some(count) = counts.of_mut(key.as_deref()) {
            if !in_window {
                count.fired += 1;
                count.window_ends = fault.window().map(|window| now.plus(window)).or(count.window_ends);
            }
            // A limit that pushes clients back lasts at least as long as it says.
            count.window_ends = count.window_ends.max(pushed.as_ref().and_then(Pushed::until));
        }
        if let Some(pushed) = pushed {
            fault = fault.telling(pushed.wait()).map_or(fault, Arc::new);
            if let Some(count) = counts.of_mut(key.as_deref()) {
                count.pushed = Some(Box::new(pushed));
            }
        }
        let holds = [self.placed.rule.written.hold, fault.hold()].into_iter().flatten();
        let hold = holds.map(|hold| hold.draw(self.chance, || self.draw_label("hold"), nth));
        let hold = hold.reduce(Duration::saturating_add);
        Fired { label: Arc::clone(&self.placed.label), fault, hold }
    }

    /// What is held against a client after this call, where the fault pushes those back that come early.
    fn pushed(&self, fault: &Fault, count: &KeyCounts) -> Option<Pushed> {
        let (escalates, usual) = fault.escalates()?;
        let before = count.pushed.as_deref().cloned().unwrap_or_default();
        Some(before.after_call(escalates, usual, self.matched.now))
    }

    /// What a draw is keyed by, in addition to seed, tenant and the match's number.
    fn draw_label(&self, what: &str) -> String {
        format!("{}\0{}\0{what}", self.placed.label, self.matched.drawn_by.as_deref().unwrap_or_default())
    }
}
