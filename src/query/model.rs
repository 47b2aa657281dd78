//! Random filters and sorters over random records, beside a plain evaluation of what was drawn: records as structs, times
//! as minutes, filters as lists of terms that are split at `or` and then at `and`. `PROPTEST_CASES=5000` tries a million
//! filters.

use std::cmp::Ordering;

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::{Value, json};

use super::field::Operator;
use super::tests::list;
use super::{Column, Columns, Filter, Sorters};

/// Filters that are tried on the same records.
const FILTERS_A_CASE: usize = 200;
const CASES: u32 = 20;

/// A record as the model has it. Fields that are `None` are left out or null in its text.
#[derive(Clone, Debug)]
struct Thing {
    name: Option<String>,
    owner: Option<String>,
    /// In halves.
    size: Option<i32>,
    healthy: Option<bool>,
    /// In minutes since 1970.
    created: Option<i64>,
    features: Option<Vec<String>>,
    writes_null: bool,
}

impl Thing {
    fn text(&self) -> String {
        let mut text = json!({ "id": "x", "more": { "name": "inner" } });
        let owner = self.owner.as_ref().map(|id| json!({ "name": "size", "id": id }));
        let members = [
            ("name", self.name.as_ref().map(|name| json!(name))),
            ("owner", owner),
            ("size", self.size.map(|halves| json!(f64::from(halves) / 2.0))),
            ("healthy", self.healthy.map(Value::from)),
            ("created", self.created.map(|minutes| json!(time(minutes, 0)))),
            ("features", self.features.as_ref().map(|features| json!(features))),
        ];
        for (name, value) in members {
            match value {
                Some(value) => text[name] = value,
                None if self.writes_null => text[name] = Value::Null,
                None => {}
            }
        }
        text.to_string()
    }
}

/// A point in time as written this many hours east of Greenwich.
fn time(minutes: i64, hours_east: i64) -> String {
    let local = Timestamp::from_second((minutes + hours_east * 60) * 60).unwrap().to_string();
    match hours_east {
        0 => local,
        hours => format!("{}+{hours:02}:00", local.trim_end_matches('Z')),
    }
}

fn word() -> impl Strategy<Value = String> + Clone {
    select(vec!["", "a", "A", "ab", "aB c", "b", "Ä", "äb", "straße", "a\"b", "a\\", "(a, b)", "and"])
        .prop_map(str::to_owned)
}

/// 2017-12-31T22:00Z and some hours after it, by 30 minutes.
fn minutes() -> impl Strategy<Value = i64> + Clone {
    (0..9_i64).prop_map(|step| 25_245_960 + 30 * step)
}

fn thing() -> impl Strategy<Value = Thing> {
    let maybe = |strategy| prop::option::weighted(0.7, strategy);
    (
        maybe(word().boxed()),
        maybe(word().boxed()),
        prop::option::weighted(0.7, -3..4_i32),
        prop::option::weighted(0.7, any::<bool>()),
        prop::option::weighted(0.7, minutes()),
        prop::option::weighted(0.7, prop::collection::vec(word(), 0..4)),
        any::<bool>(),
    )
        .prop_map(|(name, owner, size, healthy, created, features, writes_null)| Thing {
            name,
            owner,
            size,
            healthy,
            created,
            features,
            writes_null,
        })
}

/// A condition: which field, which operator, and which values, of each kind that there is.
#[derive(Clone, Debug)]
struct Condition {
    field: &'static str,
    operator: Operator,
    words: Vec<String>,
    halves: Vec<i32>,
    booleans: Vec<bool>,
    minutes: Vec<(i64, i64)>,
    is_quoted: bool,
}

/// Terms with `and` (false) or `or` (true) before each but the first.
#[derive(Clone, Debug)]
struct Terms(Vec<(bool, usize, Term)>);

#[derive(Clone, Debug)]
enum Term {
    Condition(Box<Condition>),
    Group(Terms),
}

const FIELDS: [&str; 7] = ["name", "owner.id", "size", "healthy", "sick", "created", "features"];

fn condition() -> impl Strategy<Value = Condition> {
    let allowed: Vec<(&'static str, Operator)> = list()
        .filters
        .iter()
        .flat_map(|known| known.operators.iter().map(|operator| (known.name, operator)))
        .collect();
    let many = 1..4_usize;
    (
        select(allowed),
        prop::collection::vec(word(), many.clone()),
        prop::collection::vec(-3..4_i32, many.clone()),
        prop::collection::vec(any::<bool>(), many.clone()),
        prop::collection::vec((minutes(), 0..3_i64), many),
        any::<bool>(),
    )
        .prop_map(|((field, operator), words, halves, booleans, minutes, is_quoted)| Condition {
            field,
            operator,
            words,
            halves,
            booleans,
            minutes,
            is_quoted,
        })
}

fn terms() -> impl Strategy<Value = Terms> {
    let joined = |term: BoxedStrategy<Term>, most: usize| {
        let nots = prop_oneof![4 => Just(0_usize), 2 => Just(1), 1 => Just(2)];
        prop::collection::vec((any::<bool>(), nots, term), 1..=most).prop_map(Terms)
    };
    let leaf = condition().prop_map(|condition| Term::Condition(Box::new(condition))).boxed();
    let group = joined(leaf.clone(), 3).prop_map(Term::Group).boxed();
    let deeper = joined(prop_oneof![2 => leaf.clone(), 1 => group.clone()].boxed(), 2).prop_map(Term::Group);
    joined(prop_oneof![5 => leaf, 1 => group, 1 => deeper].boxed(), 4)
}

impl Terms {
    fn text(&self) -> String {
        let mut text = String::new();
        for (place, (is_or, nots, term)) in self.0.iter().enumerate() {
            if place > 0 {
                text.push_str(if *is_or { " or " } else { "  and " });
            }
            text.push_str(&"not ".repeat(*nots));
            match term {
                Term::Condition(condition) => text.push_str(&condition.text()),
                Term::Group(terms) => {
                    text.push('(');
                    text.push_str(&terms.text());
                    text.push(')');
                }
            }
        }
        text
    }

    fn holds(&self, thing: &Thing) -> bool {
        let mut any = false;
        let mut all = true;
        for (place, (is_or, nots, term)) in self.0.iter().enumerate() {
            if place > 0 && *is_or {
                any |= all;
                all = true;
            }
            let holds = match term {
                Term::Condition(condition) => condition.holds(thing),
                Term::Group(terms) => terms.holds(thing),
            };
            all &= holds == (nots % 2 == 0);
        }
        any | all
    }
}

impl Condition {
    /// The values as a filter has them.
    fn values(&self) -> Vec<String> {
        let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        match self.field {
            "size" => self.halves.iter().map(|halves| (f64::from(*halves) / 2.0).to_string()).collect(),
            "healthy" | "sick" => self.booleans.iter().map(ToString::to_string).collect(),
            "created" => {
                let times = self.minutes.iter().map(|(minutes, east)| time(*minutes, *east));
                times.map(|time| if self.is_quoted { quoted(&time) } else { time }).collect()
            }
            _ => self.words.iter().map(|word| quoted(word)).collect(),
        }
    }

    fn text(&self) -> String {
        let (field, operator) = (self.field, self.operator.name());
        let values = self.values();
        match self.operator {
            Operator::IsNull => format!("{field} isnull"),
            Operator::Pr => format!("pr {field}"),
            Operator::In | Operator::Ca if values.len() == 1 && self.is_quoted => {
                format!("{field} {operator} {}", values[0])
            }
            Operator::In | Operator::Ca => format!("{field} {operator}({})", values.join(" , ")),
            _ => format!("{field} {operator} {}", values[0]),
        }
    }

    fn holds(&self, thing: &Thing) -> bool {
        let (operator, words) = (self.operator, lower(&self.words));
        let own = |text: &Option<String>| text.as_ref().map(|text| vec![text.to_lowercase()]);
        match self.field {
            "name" => on_texts(operator, own(&thing.name).as_deref(), &words),
            "owner.id" => on_texts(operator, own(&thing.owner).as_deref(), &words),
            "features" => {
                on_texts(operator, thing.features.as_ref().map(|texts| lower(texts)).as_deref(), &words)
            }
            "size" => on_numbers(
                operator,
                thing.size.map(i64::from),
                &self.halves.iter().map(|n| i64::from(*n)).collect::<Vec<_>>(),
            ),
            "healthy" => on_numbers(operator, thing.healthy.map(i64::from), &numbers(&self.booleans)),
            "sick" => {
                on_numbers(operator, thing.healthy.map(|is_so| i64::from(!is_so)), &numbers(&self.booleans))
            }
            "created" if matches!(operator, Operator::Co | Operator::Sw) => {
                let text = thing.created.map(|minutes| vec![time(minutes, 0).to_lowercase()]);
                let written: Vec<String> =
                    self.minutes.iter().map(|(minutes, east)| time(*minutes, *east)).collect();
                on_texts(operator, text.as_deref(), &lower(&written))
            }
            _ => {
                let minutes: Vec<i64> = self.minutes.iter().map(|(minutes, _)| *minutes).collect();
                on_numbers(operator, thing.created, &minutes)
            }
        }
    }
}

fn lower(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| text.to_lowercase()).collect()
}

fn numbers(booleans: &[bool]) -> Vec<i64> {
    booleans.iter().map(|is_so| i64::from(*is_so)).collect()
}

fn on_texts(operator: Operator, own: Option<&[String]>, values: &[String]) -> bool {
    let value = &values[0];
    match (operator, own) {
        (Operator::IsNull, own) => own.is_none(),
        (Operator::Pr, own) => own.is_some(),
        (Operator::Ne, own) => !own.is_some_and(|own| own.contains(value)),
        (_, None) => false,
        (Operator::Eq, Some(own)) => own.contains(value),
        (Operator::Gt, Some(own)) => own.iter().any(|text| text > value),
        (Operator::Ge, Some(own)) => own.iter().any(|text| text >= value),
        (Operator::Lt, Some(own)) => own.iter().any(|text| text < value),
        (Operator::Le, Some(own)) => own.iter().any(|text| text <= value),
        (Operator::Co, Some(own)) => own.iter().any(|text| text.find(value).is_some()),
        (Operator::Sw, Some(own)) => own.iter().any(|text| text.find(value) == Some(0)),
        (Operator::In, Some(own)) => values.iter().any(|value| own.contains(value)),
        (Operator::Ca, Some(own)) => !values.iter().any(|value| !own.contains(value)),
    }
}

fn on_numbers(operator: Operator, own: Option<i64>, values: &[i64]) -> bool {
    let order = own.map(|own| own.cmp(&values[0]));
    match operator {
        Operator::IsNull => own.is_none(),
        Operator::Pr => own.is_some(),
        Operator::Ne => order != Some(Ordering::Equal),
        Operator::Eq => order == Some(Ordering::Equal),
        Operator::Gt => order == Some(Ordering::Greater),
        Operator::Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Operator::Lt => order == Some(Ordering::Less),
        Operator::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Operator::In => own.is_some_and(|own| values.contains(&own)),
        other => panic!("{other:?} does not fit a number"),
    }
}

/// What a thing is sorted by: its numbers or texts for a field, if it has any.
fn key(thing: &Thing, field: &str) -> Option<(i64, Vec<String>)> {
    let text = |text: &Option<String>| text.as_ref().map(|text| (0, vec![text.to_lowercase()]));
    let number = |number: Option<i64>| number.map(|number| (number, Vec::new()));
    match field {
        "name" => text(&thing.name),
        "owner.id" => text(&thing.owner),
        "size" => number(thing.size.map(i64::from)),
        "healthy" => number(thing.healthy.map(i64::from)),
        "sick" => number(thing.healthy.map(|is_so| -i64::from(is_so))),
        "created" => number(thing.created),
        _ => thing.features.as_ref().map(|features| (0, lower(features))),
    }
}

/// The places of the things in order: sorted by the last sorter first, by insertion.
fn in_order(things: &[Thing], sorters: &[(bool, &'static str)]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..things.len()).collect();
    for (is_descending, field) in sorters.iter().rev() {
        let comes_before =
            |one: usize, other: usize| match (key(&things[one], field), key(&things[other], field)) {
                (Some(one), Some(other)) if *is_descending => one > other,
                (Some(one), Some(other)) => one < other,
                (one, other) => one.is_some() && other.is_none(),
            };
        let mut sorted: Vec<usize> = Vec::new();
        for place in places {
            let at = sorted.iter().position(|other| comes_before(place, *other)).unwrap_or(sorted.len());
            sorted.insert(at, place);
        }
        places = sorted;
    }
    places
}

#[test]
fn filters_find_and_sorters_order_what_a_plain_evaluation_says() {
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { Config::default().cases } else { CASES };
    let config =
        Config { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(11), ..Config::default() };
    let list = list();
    let sorter = (any::<bool>(), select(FIELDS.to_vec()));
    let drawn = (
        prop::collection::vec(thing(), 1..12),
        prop::collection::vec(terms(), FILTERS_A_CASE),
        prop::collection::vec(prop::collection::vec(sorter, 1..4), 10),
    );
    TestRunner::new(config)
        .run(&drawn, |(things, filters, sorters)| {
            let texts: Vec<String> = things.iter().map(Thing::text).collect();
            let columns = Columns::default();
            let column = |field: usize| -> &Column {
                columns.column(list.fields, field, texts.iter().map(|text| Some(text.as_bytes())))
            };
            for terms in filters {
                let text = terms.text();
                let filter = Filter::read(&text, &list).unwrap_or_else(|mistake| panic!("{text}: {mistake}"));
                let found = filter.matches((1 << things.len()) - 1, &column);
                for (place, thing) in things.iter().enumerate() {
                    let is_found = found & (1 << place) != 0;
                    prop_assert_eq!(is_found, terms.holds(thing), "{} on {}", text, texts[place]);
                }
            }
            for written in sorters {
                let names = written.iter().map(|(is_descending, field)| match is_descending {
                    true => format!("-{field}"),
                    false => (*field).to_owned(),
                });
                let text = names.collect::<Vec<_>>().join(",");
                let sorters = Sorters::read(&text, &list).unwrap();
                let mut places: Vec<usize> = (0..things.len()).collect();
                places.sort_by(|own, other| sorters.compare((&column, *own), (&column, *other)));
                prop_assert_eq!(places, in_order(&things, &written), "{} on {:#?}", text, texts);
            }
            Ok(())
        })
        .unwrap();
}
