//! Random writes to a table and to clones of it, against a plain list and a log of everything that ever was.

use std::collections::BTreeMap;
use std::sync::Arc;

use hyper::body::Bytes;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

use super::{Past, Table, Window};
use crate::clock::Timestamp;
use crate::fixture::Group;
use crate::query::{
    Field, FieldKind, Filter, Filterable, Operator, Operators, Selectable, Selection, Sortable, Sorters,
};

#[derive(Clone, Debug)]
enum Step {
    /// This many more records.
    Grow(usize),
    /// This many records removed, from a place in the list in per cent.
    Shrink(usize, usize),
    /// The record at that place in per cent, replaced.
    Replace(usize),
    /// The record at that place in per cent, removed and created again under its id.
    Again(usize),
    /// From now on a clone is written to, and the table does not change.
    Clone,
    /// Time passes, and another client writes.
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..40_usize).prop_map(Step::Grow),
        3 => (0..100_usize, 1..60_usize).prop_map(|(from, many)| Step::Shrink(from, many)),
        3 => (0..100_usize).prop_map(Step::Replace),
        2 => (0..100_usize).prop_map(Step::Again),
        1 => Just(Step::Clone),
        4 => Just(Step::Wait),
    ]
}

const CLIENTS: [&str; 2] = ["a", "b"];

/// Everything that a record ever was: when, by which client, and its text.
type Versions = Vec<(i64, &'static str, Option<Bytes>)>;

/// The plain list: every record that ever was, in order of creation.
#[derive(Clone, Default)]
struct Plain {
    all: Vec<(String, Versions)>,
}

impl Plain {
    /// The list as it is, or as it was at a time except for what one client did since.
    fn list(&self, seen: Option<(i64, Option<&str>)>) -> Vec<(&str, &Bytes)> {
        let is_seen =
            |at: i64, client: &str| seen.is_none_or(|(until, own)| at <= until || own == Some(client));
        let mut list = Vec::new();
        for (id, versions) in &self.all {
            let version = versions.iter().rev().find(|(at, client, _)| is_seen(*at, client));
            list.extend(version.and_then(|(.., text)| Some((&**id, text.as_ref()?))));
        }
        list
    }

    fn at(&self, percent: usize) -> Option<String> {
        let list = self.list(None);
        list.get(list.len() * percent / 100).map(|(id, _)| (*id).to_owned())
    }
}

/// A table and the plain list, written to alike.
struct Pair {
    table: Table<Group>,
    plain: Plain,
    now: i64,
    created: usize,
}

impl Pair {
    fn client(&self) -> &'static str {
        CLIENTS[usize::try_from(self.now).unwrap() % CLIENTS.len()]
    }

    fn record(&mut self, change: super::history::Change) {
        let at = Timestamp::from_millis(self.now);
        // Nothing is forgotten here: forgetting has tests of its own.
        self.table.record(at, &Arc::from(self.client()), change, Some(std::time::Duration::MAX));
    }

    fn create(&mut self, id: String) {
        self.created += 1;
        let group =
            Group { name: Some(format!("{} \"{}\"", self.now, self.created)), id, ..Group::default() };
        let change = self.table.insert(&group);
        assert_eq!(change.sequence, self.plain.all.len() as u64);
        let version = (self.now, self.client(), change.after.clone());
        self.plain.all.push((group.id, vec![version]));
        self.record(change);
    }

    /// The versions of an existing record.
    fn versions(&mut self, id: &str) -> &mut Versions {
        &mut self.plain.all.iter_mut().rev().find(|(other, _)| other == id).unwrap().1
    }

    fn change(&mut self, id: &str, change: super::history::Change) {
        let version = (self.now, self.client(), change.after.clone());
        let versions = self.versions(id);
        assert_eq!(versions.last().unwrap().2, change.before);
        versions.push(version);
        self.record(change);
    }

    fn remove(&mut self, id: &str) {
        let change = self.table.remove(id).unwrap();
        self.change(id, change);
    }

    fn perform(&mut self, step: &Step) {
        match step {
            Step::Grow(many) => {
                for _ in 0..*many {
                    self.create(format!("id \"{}\"", self.created));
                }
            }
            Step::Shrink(from, many) => {
                for _ in 0..*many {
                    let Some(id) = self.plain.at(*from) else { break };
                    self.remove(&id);
                }
            }
            Step::Replace(place) => {
                let Some(id) = self.plain.at(*place) else { return };
                self.created += 1;
                let name = Some(format!("replaced {}", self.created));
                let change = self.table.replace(&Group { id: id.clone(), name, ..Group::default() }).unwrap();
                self.change(&id, change);
            }
            Step::Again(place) => {
                let Some(id) = self.plain.at(*place) else { return };
                self.remove(&id);
                self.create(id);
            }
            Step::Clone | Step::Wait => self.now += 1,
        }
    }

    /// Compares every page, and each record by its id.
    fn compare(&self, seen: Option<(i64, Option<&str>)>) {
        let expected = self.plain.list(seen);
        let past = seen.map(|(at, own)| Past { at: Timestamp::from_millis(at), own });
        let view = self.table.view(past);
        assert_eq!(view.len(), expected.len());
        for offset in 0..=expected.len() + 1 {
            for limit in [0, 3, 250] {
                let page: Vec<_> =
                    expected.iter().skip(offset).take(limit).map(|(_, text)| &text[..]).collect();
                let page = [b"[", &page.join(&b","[..])[..], b"]"].concat();
                assert_eq!(view.page(offset, limit), page, "offset {offset}, limit {limit}");
            }
        }
        let by_id: BTreeMap<_, _> = expected.iter().copied().collect();
        for (id, _) in &self.plain.all {
            assert_eq!(view.rendered(id).as_ref(), by_id.get(&**id).copied(), "{id}");
        }
        let ids: Vec<_> = view.iter().map(|group| group.id.clone()).collect();
        assert_eq!(ids, expected.iter().map(|(id, _)| *id).collect::<Vec<_>>());
        compare_selected(&view, &expected);
    }
}

/// Compares pages of what filters find and sorters order.
fn compare_selected(view: &super::TableView<'_, Group>, expected: &[(&str, &Bytes)]) {
    let read = |text: &Bytes| crate::document::read_own::<Group>(text);
    let is_visible = |group: &Group| !group.id.contains('7');
    let known = expected.iter().map(|(_, text)| (read(text), *text));
    let known: Vec<(String, bool, &Bytes)> = known
        .map(|(group, text)| (group.name.clone().unwrap_or_default(), is_visible(&group), text))
        .collect();
    for (filter, sorters, hides) in SELECTIONS {
        let selection = selection(filter, sorters);
        let mut hits: Vec<_> = known
            .iter()
            .filter(|(name, ..)| filter.is_empty() || name.contains('2') && !name.starts_with("replaced"))
            .filter(|(_, is_visible, _)| *is_visible || !hides)
            .collect();
        match sorters {
            "" => {}
            "name" => hits.sort_by(|one, other| one.0.cmp(&other.0)),
            _ => hits.sort_by(|one, other| other.0.cmp(&one.0)),
        }
        for (offset, limit, is_counted) in [(0, 250, true), (0, 3, false), (2, 2, true), (40, 50, false)] {
            let page: Vec<_> = hits.iter().skip(offset).take(limit).map(|(.., text)| &text[..]).collect();
            let page = [b"[", &page.join(&b","[..])[..], b"]"].concat();
            let window = Window { offset, limit, is_counted };
            let hiding: &dyn Fn(&Group) -> bool = &is_visible;
            let selected = view.select(selection.as_ref(), hides.then_some(hiding), window);
            let place = format!("{filter} {sorters} {hides} {window:?}");
            assert_eq!(selected.page(), page, "{place}");
            assert!(!is_counted || selected.total == hits.len(), "{place}");
        }
    }
}

/// Filters, sorters, and whether some records are hidden.
const SELECTIONS: [(&str, &str, bool); 4] =
    [("", "", true), (FILTER, "", false), (FILTER, "name", true), ("", "-name", false)];

const FILTER: &str = r#"name co "2" and not name sw "Replaced""#;

fn selection(filter: &str, sorters: &str) -> Option<Selection> {
    const OPERATORS: Operators = Operators::of(&[Operator::Co, Operator::Sw]);
    let list = Selectable {
        resource: "password-sync-groups",
        fields: &[Field { path: "name", kind: FieldKind::Text }],
        filters: &[Filterable { name: "name", field: 0, operators: OPERATORS }],
        sorters: &[Sortable { name: "name", field: 0 }],
    };
    let filter = (!filter.is_empty()).then(|| Filter::read(filter, &list).unwrap());
    let sorters = (!sorters.is_empty()).then(|| Sorters::read(sorters, &list).unwrap());
    Selection::of(&list, filter, sorters)
}

fn check(steps: &[Step], begins_with: usize) {
    let began: Vec<_> =
        (0..begins_with).map(|nth| Group { id: format!("began {nth}"), ..Group::default() }).collect();
    let texts = began.iter().map(|group| vec![(0, "", Some(Table::render(group)))]);
    let plain = Plain { all: began.iter().map(|group| group.id.clone()).zip(texts).collect() };
    let table = Table::made_by(move || began);
    let mut pair = Pair { table, plain, now: 0, created: 0 };
    let mut left: Vec<(Table<Group>, Bytes)> = Vec::new();
    for step in steps {
        if matches!(step, Step::Clone) {
            // The clone continues without the history, which restarts with the record's last version.
            let clone = pair.table.clone();
            let text = pair.table.view(None).page(0, usize::MAX);
            left.push((std::mem::replace(&mut pair.table, clone), text));
            for (_, versions) in &mut pair.plain.all {
                let last = versions.pop().unwrap();
                *versions = vec![(i64::MIN, "", last.2)];
            }
        }
        pair.perform(step);
    }
    pair.compare(None);
    for at in (pair.now - 6).max(0)..=pair.now {
        for own in [None, Some(CLIENTS[0]), Some(CLIENTS[1])] {
            pair.compare(Some((at, own)));
        }
    }
    for (table, text) in left {
        assert_eq!(table.view(None).page(0, usize::MAX), text);
    }
}

proptest! {
    #![proptest_config(Config {
        cases: 60,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(5),
        ..Config::default()
    })]

    #[test]
    fn a_table_is_what_a_plain_list_says_now_and_in_the_past(
        steps in prop::collection::vec(step(), 1..25),
        begins_with in 0..150_usize,
    ) {
        check(&steps, begins_with);
    }
}
