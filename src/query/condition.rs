//! One condition of a filter: typed by the field it is about, and tried on the values of many records at once.

use std::borrow::Borrow;
use std::cmp::Ordering;

use jiff::Timestamp;
use memchr::memmem::Finder;

use super::column::Column;
use super::field::{FieldKind, Operator};
use super::mistake::{Found, shown};
use super::parser::{Value, ValueForm};
use super::value::{folded, number, time};

/// What must hold of a field. `ne` and `pr` are tested as `eq` and `isnull`, and turned around by the caller.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    IsNull,
    Text(TextTest),
    Number(Order<f64>),
    Boolean(Order<bool>),
    Time(Order<Timestamp>),
    /// The text in which a time is written.
    TimeText(TextTest),
    /// One of the texts.
    AnyText(TextTest),
    /// Each of these is one of the texts.
    AllTexts(Box<[Box<str>]>),
}

/// A comparison of texts, all of them in lower case.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TextTest {
    Order(Order<Box<str>>),
    Contains(Part),
    StartsWith(Box<str>),
}

/// A part that is looked for in many texts, and prepared for that once.
#[derive(Clone, Debug)]
pub(super) struct Part(Box<Finder<'static>>);

impl Part {
    fn of(text: &str) -> Self {
        Self(Box::new(Finder::new(text).into_owned()))
    }

    fn is_in(&self, text: &str) -> bool {
        self.0.find(text.as_bytes()).is_some()
    }
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.0.needle() == other.0.needle()
    }
}

/// A comparison of values that have an order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Order<T> {
    Equal(T),
    Greater(T),
    GreaterOrEqual(T),
    Less(T),
    LessOrEqual(T),
    /// One of these, which are sorted.
    OneOf(Box<[T]>),
}

impl<T: PartialOrd> Order<T> {
    /// The comparison that an operator stands for; `None` when it is not one of order.
    fn of(operator: Operator, values: Vec<T>) -> Option<Self> {
        if operator == Operator::In {
            return Some(Self::one_of(values));
        }
        let value = values.into_iter().next()?;
        match operator {
            Operator::Eq | Operator::Ne => Some(Self::Equal(value)),
            Operator::Gt => Some(Self::Greater(value)),
            Operator::Ge => Some(Self::GreaterOrEqual(value)),
            Operator::Lt => Some(Self::Less(value)),
            Operator::Le => Some(Self::LessOrEqual(value)),
            _ => None,
        }
    }

    fn one_of(mut values: Vec<T>) -> Self {
        values.sort_by(|one, other| compare(one, other));
        Self::OneOf(values.into())
    }

    fn holds<V: PartialOrd + ?Sized>(&self, own: &V) -> bool
    where
        T: Borrow<V>,
    {
        match self {
            Self::Equal(value) => own == value.borrow(),
            Self::Greater(value) => own > value.borrow(),
            Self::GreaterOrEqual(value) => own >= value.borrow(),
            Self::Less(value) => own < value.borrow(),
            Self::LessOrEqual(value) => own <= value.borrow(),
            Self::OneOf(values) => values.binary_search_by(|value| compare(value.borrow(), own)).is_ok(),
        }
    }
}

/// The order of two values; there are no NaNs among them.
fn compare<T: PartialOrd + ?Sized>(one: &T, other: &T) -> Ordering {
    one.partial_cmp(other).unwrap_or(Ordering::Equal)
}

impl TextTest {
    fn of(operator: Operator, values: Vec<Box<str>>) -> Option<Self> {
        match operator {
            Operator::Co => values.first().map(|part| Self::Contains(Part::of(part))),
            Operator::Sw => values.into_iter().next().map(Self::StartsWith),
            _ => Order::of(operator, values).map(Self::Order),
        }
    }

    /// Which of the texts in `among` it holds for. What is asked for most is told apart once, and not for each text.
    fn matches(&self, cells: &[Option<Box<str>>], among: u64) -> u64 {
        match self {
            Self::Order(Order::Equal(value)) => scan(cells, among, |own| own == value),
            Self::StartsWith(part) => scan(cells, among, |own| own.as_bytes().starts_with(part.as_bytes())),
            Self::Contains(part) => scan(cells, among, |own| part.is_in(own)),
            Self::Order(_) => scan(cells, among, |own| self.holds(own)),
        }
    }

    fn holds(&self, own: &str) -> bool {
        match self {
            Self::Order(order) => order.holds(own),
            Self::Contains(part) => part.is_in(own),
            Self::StartsWith(part) => own.as_bytes().starts_with(part.as_bytes()),
        }
    }
}

impl Test {
    /// Which of the records in `among` it holds for.
    pub(super) fn matches(&self, column: &Column, among: u64) -> u64 {
        match (self, column) {
            (Self::IsNull, column) => each(among, |place| column.is_null(place)),
            (Self::Text(test), Column::Text(cells)) => test.matches(cells, among),
            (Self::Number(order), Column::Number(cells)) => scan(cells, among, |own| order.holds(own)),
            (Self::Boolean(order), Column::Boolean(booleans)) => {
                let (yes, no) = (booleans.yes, booleans.known & !booleans.yes);
                among & (wanted(order.holds(&true), yes) | wanted(order.holds(&false), no))
            }
            (Self::Time(order), Column::Time(cells)) => scan(cells, among, |own| order.holds(&own.at)),
            (Self::TimeText(test), Column::Time(cells)) => scan(cells, among, |own| test.holds(&own.text)),
            (Self::AnyText(test), Column::Texts(lists)) => {
                let having = lists.having.iter().filter(|(text, _)| test.holds(text));
                among & having.fold(0, |found, (_, records)| found | records)
            }
            (Self::AllTexts(all), Column::Texts(lists)) => {
                let having = |text: &str| lists.having.iter().find(|(known, _)| **known == *text);
                let records = all.iter().map(|text| having(text).map_or(0, |(_, records)| *records));
                records.fold(among & lists.known, |left, records| left & records)
            }
            _ => unreachable!("a test is made for the kind of its field"),
        }
    }
}

/// These records, if they are wanted.
fn wanted(is_wanted: bool, records: u64) -> u64 {
    if is_wanted { records } else { 0 }
}

/// Which places of `among` have a value for which `holds`.
fn scan<T>(cells: &[Option<T>], among: u64, holds: impl Fn(&T) -> bool) -> u64 {
    each(among, |place| cells[place].as_ref().is_some_and(&holds))
}

fn each(among: u64, holds: impl Fn(usize) -> bool) -> u64 {
    let (mut left, mut found) = (among, 0);
    while left != 0 {
        let place = left.trailing_zeros();
        found |= u64::from(holds(place as usize)) << place;
        left &= left - 1;
    }
    found
}

/// The test that an operator with these values is for a field of that kind, to which it fits.
pub(super) fn test(operator: Operator, kind: FieldKind, values: &[Value<'_>]) -> Result<Test, Found> {
    let made = match (kind, operator) {
        (_, Operator::IsNull | Operator::Pr) => Some(Test::IsNull),
        (FieldKind::Text, _) => TextTest::of(operator, all(values, text)?).map(Test::Text),
        (FieldKind::Number, _) => Order::of(operator, all(values, numeric)?).map(Test::Number),
        (FieldKind::Boolean | FieldKind::Opposite | FieldKind::Always | FieldKind::Never, _) => {
            Order::of(operator, all(values, boolean)?).map(Test::Boolean)
        }
        (FieldKind::Time, Operator::Co | Operator::Sw) => {
            TextTest::of(operator, all(values, |value| Ok(folded(value.text())))?).map(Test::TimeText)
        }
        (FieldKind::Time, _) => Order::of(operator, all(values, instant)?).map(Test::Time),
        (FieldKind::Texts, Operator::Ca) => Some(Test::AllTexts(all(values, text)?.into())),
        (FieldKind::Texts, _) => TextTest::of(operator, all(values, text)?).map(Test::AnyText),
    };
    Ok(made.expect("the build lets only operators through that fit the field"))
}

fn all<'v, T>(
    values: &'v [Value<'_>],
    read: impl Fn(&'v Value<'v>) -> Result<T, Found>,
) -> Result<Vec<T>, Found> {
    values.iter().map(read).collect()
}

fn text(value: &Value<'_>) -> Result<Box<str>, Found> {
    match &value.form {
        ValueForm::Quoted(text) => Ok(folded(text)),
        ValueForm::Bare(word) => {
            // What stands in single quotes is a word, or several, to which they belong.
            let advice = if word.starts_with('\'') {
                ", not in single ones".to_owned()
            } else {
                format!("; write \"{}\"", shown(word))
            };
            let word = shown(word);
            Err((value.at, format!("found {word}; expected a text in double quotes{advice}")))
        }
    }
}

fn numeric(value: &Value<'_>) -> Result<f64, Found> {
    bare(value, number).ok_or_else(|| wrong(value, "a number without quotes, such as 7"))
}

fn boolean(value: &Value<'_>) -> Result<bool, Found> {
    let read = |word: &str| match word {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    };
    bare(value, read).ok_or_else(|| wrong(value, "true or false, in lower case and without quotes"))
}

/// A time. Invented: that it may stand in quotes, too.
fn instant(value: &Value<'_>) -> Result<Timestamp, Found> {
    time(value.text()).ok_or_else(|| {
        wrong(value, "a time such as 2026-11-24T09:30:00Z, a date or a year (in a URL, write `+` as %2B)")
    })
}

/// A value without quotes.
fn bare<T>(value: &Value<'_>, read: impl Fn(&str) -> Option<T>) -> Option<T> {
    match &value.form {
        ValueForm::Bare(word) => read(word),
        ValueForm::Quoted(_) => None,
    }
}

fn wrong(value: &Value<'_>, expected: &str) -> Found {
    let found = match &value.form {
        ValueForm::Bare(word) => shown(word),
        ValueForm::Quoted(text) => format!("the text \"{}\"", shown(text)),
    };
    (value.at, format!("found {found}; expected {expected}"))
}
