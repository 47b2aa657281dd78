//! `filters` and `sorters` in the query of a list, by what the operation allows in its version.

use super::Violation;
use super::facts::{Listing, RowFacts};
use crate::query::{Filter, Mistake, Selectable, Selection, Sorters};
use crate::wire::{DetailCode, query};

/// What the query asks of the list; its mistakes are added to the violations.
pub(super) fn read(
    rows: &RowFacts,
    listing: &Listing,
    query: &str,
    violations: &mut Vec<Violation>,
) -> Option<Selection> {
    let list = Selectable {
        resource: rows.resource,
        fields: rows.fields.0,
        filters: listing.filters.0,
        sorters: listing.sorters.0,
    };
    let filter =
        given("filters", query, !list.filters.is_empty(), violations, |text| Filter::read(text, &list));
    let sorters =
        given("sorters", query, !list.sorters.is_empty(), violations, |text| Sorters::read(text, &list));
    Selection::of(&list, filter, sorters)
}

/// A parameter that the list has, as it was given. Of several the first counts.
/// Invented: that one without a value is like none.
fn given<T>(
    name: &str,
    query: &str,
    has_parameter: bool,
    violations: &mut Vec<Violation>,
    read: impl Fn(&str) -> Result<T, Mistake>,
) -> Option<T> {
    if !has_parameter {
        return None;
    }
    let (_, text) = query::pairs(query).find(|(known, _)| *known == name)?;
    if text.trim().is_empty() {
        return None;
    }
    read(&text).map_err(|mistake| violations.push(violation(name, &text, &mistake))).ok()
}

/// Invented: the code and the text. It is documented only that the answer is 400.
fn violation(name: &str, text: &str, mistake: &Mistake) -> Violation {
    let told = mistake.to_string();
    let end = if told.ends_with('?') { "" } else { "." };
    let text = format!("Query parameter \"{name}\", {told}{end} It was: {}", excerpt(text, mistake.at));
    Violation { code: DetailCode::IllegalValue, text, aside: None }
}

/// How many characters are shown before and after a mistake.
const SHOWN_AROUND: usize = 100;

/// What was written around a character.
fn excerpt(text: &str, at: usize) -> String {
    let skipped = at.saturating_sub(SHOWN_AROUND + 1);
    let mut rest = text.chars().skip(skipped);
    let shown: String = rest.by_ref().take(2 * SHOWN_AROUND).collect();
    let before = if skipped > 0 { "… " } else { "" };
    let after = if rest.next().is_some() { " …" } else { "" };
    format!("{before}{shown}{after}")
}
