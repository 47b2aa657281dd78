//! A filter that was read and checked: which of some records match it. Reading it is in `parser.rs`; what a list allows
//! comes from its operation.
//!
//! A field without a value, or with null, fulfils no comparison but `isnull`; `ne` and `not` say exactly the opposite of
//! what they stand before, so they hold there. A list of texts fulfils a comparison when one of its texts does, and `ca`
//! when it has all that are named.
//! Invented: both; the service's documentation does not say.

use super::column::Column;
use super::condition::{Test, test};
use super::field::{Filterable, Operator, Selectable};
use super::mistake::{Found, Mistake, choice, shown};
use super::parser::{Condition, Tree, parse};
use crate::document::nearest;

/// A filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    expression: Expression,
}

/// What must hold.
#[derive(Clone, Debug, PartialEq)]
enum Expression {
    /// Of the field at that place.
    Test(usize, Test),
    Not(Box<Self>),
    And(Box<[Self]>),
    Or(Box<[Self]>),
}

impl Filter {
    /// Reads a filter of a list that allows these.
    pub fn read(text: &str, list: &Selectable) -> Result<Self, Mistake> {
        parse(text)
            .and_then(|tree| compile(&tree, list))
            .map(|expression| Self { expression })
            .map_err(|(byte, message)| Mistake::at(text, byte, message))
    }

    /// Which of the records match, of those in `among`: bit n for the n-th. `column` has the values for a field.
    pub(crate) fn matches<'c>(&self, among: u64, column: &dyn Fn(usize) -> &'c Column) -> u64 {
        self.expression.matches(among, column)
    }
}

impl Expression {
    fn matches<'c>(&self, among: u64, column: &dyn Fn(usize) -> &'c Column) -> u64 {
        match self {
            Self::Test(field, test) => test.matches(column(*field), among),
            Self::Not(inner) => among & !inner.matches(among, column),
            Self::And(parts) => parts.iter().fold(among, |among, part| match among {
                0 => 0,
                _ => part.matches(among, column),
            }),
            Self::Or(parts) => parts.iter().fold(0, |found, part| match among & !found {
                0 => found,
                rest => found | part.matches(rest, column),
            }),
        }
    }
}

fn compile(tree: &Tree<'_>, list: &Selectable) -> Result<Expression, Found> {
    let all = |parts: &[Tree<'_>]| -> Result<Box<[Expression]>, Found> {
        parts.iter().map(|part| compile(part, list)).collect()
    };
    Ok(match tree {
        Tree::Not(inner) => Expression::Not(Box::new(compile(inner, list)?)),
        Tree::And(parts) => Expression::And(all(parts)?),
        Tree::Or(parts) => Expression::Or(all(parts)?),
        Tree::Condition(condition) => compile_condition(condition, list)?,
    })
}

fn compile_condition(condition: &Condition<'_>, list: &Selectable) -> Result<Expression, Found> {
    let known = field(condition, list)?;
    let (at, operator) = condition.operator;
    if !known.operators.has(operator) {
        let allowed = choice(known.operators.iter().map(Operator::name));
        let message = format!("found `{}`; expected {allowed} for the field {}", operator.name(), known.name);
        return Err((at, message));
    }
    let holds = test(operator, list.fields[known.field].kind, &condition.values)?;
    let expression = Expression::Test(known.field, holds);
    Ok(match operator {
        Operator::Ne | Operator::Pr => Expression::Not(Box::new(expression)),
        _ => expression,
    })
}

/// The field that a condition is about.
fn field<'l>(condition: &Condition<'_>, list: &'l Selectable) -> Result<&'l Filterable, Found> {
    let (at, name) = condition.field;
    list.filters.iter().find(|known| known.name == name).ok_or_else(|| {
        let names = || list.filters.iter().map(|known| known.name);
        let meant = nearest(name, names()).map(|name| format!("; did you mean {name}?")).unwrap_or_default();
        let message = format!("found the field {}; expected {}{meant}", shown(name), choice(names()));
        (at, message)
    })
}
