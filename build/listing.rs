//! What lists can be filtered and sorted by: the marks of an operation, and what its reply says of the fields.

use serde_json::Value;

use super::super::facts::{List, Listing, RowFacts};
use super::super::field::{Field, FieldKind, Filterable, Operator, Operators, Sortable};
use super::super::marks;
use super::openapi::{FieldItem, FieldItemKind};
use super::read::{Source, leak};
use super::routes::leak_list;
use super::schema;

/// The fields of resources, as they are found in one operation after the other.
#[derive(Default)]
pub(super) struct Rows {
    found: Vec<(String, Vec<Field>)>,
}

impl Rows {
    /// What the list that `operation` returns can be filtered and sorted by in a version; `None` when by nothing.
    pub(super) fn listing(
        &mut self,
        source: &Source<'_>,
        operation: &Value,
        version: &str,
        components: &Value,
    ) -> Result<Option<Listing>, String> {
        let [filters, sorters] = marks::listing_in(operation, version);
        if filters.is_null() && sorters.is_null() {
            return Ok(None);
        }
        for name in ["filters", "sorters"] {
            let mut written = operation["parameters"].as_array().into_iter().flatten();
            if written.any(|parameter| parameter["name"] == name) {
                return Err(format!("a parameter `{name}`; expected none, since it follows from the marks"));
            }
        }
        let reply = schema::resolved(
            &operation["responses"]["200"]["content"]["application/json"]["schema"],
            components,
        )?;
        let rows = self.of(source.parsed.rows_of.as_deref().unwrap_or(source.name));
        let mut place_of = |name: &str| -> Result<(usize, FieldKind), String> {
            let field = field(name, source.parsed.fields.get(name), &reply["items"])?;
            Ok((self.place(rows, field), field.kind))
        };
        let mut filterable = Vec::new();
        for (name, written) in filters.as_object().into_iter().flatten() {
            let (field, kind) = place_of(name)?;
            let operators = operators(name, kind, written)?;
            filterable.push(Filterable { name: leak(name.clone()), field, operators });
        }
        let mut sortable = Vec::new();
        for name in sorters.as_array().into_iter().flatten().filter_map(Value::as_str) {
            let (field, _) = place_of(name)?;
            sortable.push(Sortable { name: leak(name.to_owned()), field });
        }
        let (filters, sorters) = (List(leak_list(filterable)), List(leak_list(sortable)));
        Ok(Some(Listing { rows, filters, sorters }))
    }

    /// The place of a resource.
    fn of(&mut self, resource: &str) -> usize {
        self.found.iter().position(|(known, _)| known == resource).unwrap_or_else(|| {
            self.found.push((resource.to_owned(), Vec::new()));
            self.found.len() - 1
        })
    }

    /// The place of a field among those of the resource.
    fn place(&mut self, rows: usize, field: Field) -> usize {
        let fields = &mut self.found[rows].1;
        fields.iter().position(|known| *known == field).unwrap_or_else(|| {
            fields.push(field);
            fields.len() - 1
        })
    }

    pub(super) fn finish(self) -> List<RowFacts> {
        let rows = self
            .found
            .into_iter()
            .map(|(resource, fields)| RowFacts { resource: leak(resource), fields: List(leak_list(fields)) });
        List(leak_list(rows.collect()))
    }
}

/// The field that filters and sorters call `name`, by what the document says of it or else the schema of the items.
fn field(name: &str, elsewhere: Option<&FieldItem>, items: &Value) -> Result<Field, String> {
    if let Some(always) = elsewhere.and_then(|field| field.always) {
        let kind = if always { FieldKind::Always } else { FieldKind::Never };
        return Ok(Field { path: leak(name.to_owned()), kind });
    }
    let path = elsewhere.and_then(|field| field.at.as_deref()).unwrap_or(name);
    let kind = match elsewhere.and_then(|field| field.kind) {
        Some(written) => kind_written(written),
        None => kind_at(path, items).ok_or_else(|| {
            format!(
                "the items of the reply have no text, number, boolean, time or list of texts at `{path}`; expected \
                one, or its `kind` under `x-sim-fields`"
            )
        })?,
    };
    let kind = match (kind, elsewhere.is_some_and(|field| field.is_opposite)) {
        (FieldKind::Boolean, true) => FieldKind::Opposite,
        (_, true) => return Err(format!("`not` for `{name}`; expected it for a boolean only")),
        (kind, false) => kind,
    };
    Ok(Field { path: leak(path.to_owned()), kind })
}

fn kind_written(kind: FieldItemKind) -> FieldKind {
    match kind {
        FieldItemKind::Text => FieldKind::Text,
        FieldItemKind::Number => FieldKind::Number,
        FieldItemKind::Boolean => FieldKind::Boolean,
        FieldItemKind::Time => FieldKind::Time,
        FieldItemKind::Texts => FieldKind::Texts,
    }
}

/// What the value at a path holds, by the schema of the items.
fn kind_at(path: &str, items: &Value) -> Option<FieldKind> {
    let member = path.split('.').try_fold(items, |schema, name| member(schema, name))?;
    kind_of(member)
}

/// The schema of a member, which may stand in a part of the schema.
fn member<'s>(schema: &'s Value, name: &str) -> Option<&'s Value> {
    let own = schema["properties"].get(name);
    own.or_else(|| parts(schema).find_map(|part| member(part, name)))
}

fn kind_of(schema: &Value) -> Option<FieldKind> {
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("string"), Some("date-time")) => Some(FieldKind::Time),
        (Some("string"), _) => Some(FieldKind::Text),
        (Some("integer" | "number"), _) => Some(FieldKind::Number),
        (Some("boolean"), _) => Some(FieldKind::Boolean),
        (Some("array"), _) => {
            (kind_of(&schema["items"]) == Some(FieldKind::Text)).then_some(FieldKind::Texts)
        }
        (None, _) => parts(schema).find_map(kind_of),
        _ => None,
    }
}

fn parts(schema: &Value) -> impl Iterator<Item = &Value> {
    let parts = |keyword: &str| schema[keyword].as_array().into_iter().flatten();
    parts("allOf").chain(parts("anyOf")).chain(parts("oneOf"))
}

/// The operators that a field may have.
fn operators(name: &str, kind: FieldKind, written: &Value) -> Result<Operators, String> {
    let names = written.as_array().into_iter().flatten().filter_map(Value::as_str);
    let read = |operator: &str| {
        let known = Operator::named(operator).filter(|known| known.fits(kind));
        known.ok_or_else(|| {
            let fitting = Operator::ALL.into_iter().filter(|known| known.fits(kind)).map(Operator::name);
            let fitting: Vec<&str> = fitting.collect();
            format!("operator `{operator}` of `{name}`; expected one of {}", fitting.join(", "))
        })
    };
    let operators = names.map(read).collect::<Result<Vec<_>, _>>()?;
    if operators.is_empty() {
        return Err(format!("no operators of `{name}`; expected one or more"));
    }
    Ok(Operators::of(&operators))
}
