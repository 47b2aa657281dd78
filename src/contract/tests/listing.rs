//! The marks by which lists are filtered and sorted: what they allow in which version, how the served documents say so,
//! and what does not build.

use super::*;
use crate::query::{
    Column, Columns, MOST_BYTES, MOST_CONDITIONS, MOST_DEPTH, MOST_SORTERS, MOST_VALUES, Selection,
};

/// What a call asks of the list of parts, or the texts of its refusal.
fn selection(version: &str, query: &str) -> Result<Option<Selection>, Vec<String>> {
    let contract = things();
    let path = ApiVersion::named(version).unwrap();
    let target = format!("{}{}?{query}", path.server_suffix(), path.spell("/parts"));
    let request = Request::new(Method::GET, &target).unwrap();
    let found = found(&contract, "GET", request.uri.path()).unwrap();
    match contract.check_found(&found, &request, Prerequisites::Enforce) {
        Ok(arguments) => Ok(arguments.selection.map(|selection| *selection)),
        Err(refusal) => {
            let (code, texts) = told(refusal);
            assert_eq!(code, DetailCode::IllegalValue, "{query}");
            Err(texts)
        }
    }
}

const PARTS: [&str; 4] = [
    r#"{"name":"Bolt","owner":{"id":"o"},"features":["A","B"],"created":"2020-01-01T00:00:00Z","size":3,"fixed":true}"#,
    r#"{"name":"bolt","owner":null,"features":["B"],"created":"2021-01-01T00:00:00Z","size":4,"fixed":false}"#,
    r#"{"name":"Anchor","labels":{"text":"heavy"},"size":3}"#,
    r#"{"name":null}"#,
];

/// The numbers of the parts that a filter finds.
fn found_by(version: &str, filters: &str) -> String {
    let filters: String = filters.replace('%', "%25").replace(' ', "%20").replace('"', "%22");
    let selection = selection(version, &format!("filters={filters}"));
    let selection = selection.unwrap_or_else(|texts| panic!("{filters}: {texts:?}")).unwrap();
    let columns = Columns::default();
    let column = |field: usize| -> &Column {
        columns.column(selection.fields(), field, PARTS.iter().map(|text| Some(text.as_bytes())))
    };
    let bits = selection.matches(0b1111, &column);
    (0..PARTS.len()).filter(|place| bits & (1 << place) != 0).map(|place| place.to_string()).collect()
}

#[test]
fn every_operator_works_on_the_fields_that_the_document_lists() {
    for (filters, expected) in [
        (r#"name eq "BOLT""#, "01"),
        (r#"name ne "bolt""#, "23"),
        (r#"name gt "anchor""#, "01"),
        (r#"name ge "anchor""#, "012"),
        (r#"name lt "bolt""#, "2"),
        (r#"name le "bolt""#, "012"),
        (r#"name co "OL""#, "01"),
        (r#"name sw "b""#, "01"),
        (r#"name in ("anchor", "nut")"#, "2"),
        ("name isnull", "3"),
        ("pr name", "012"),
        (r#"owner.id eq "o""#, "0"),
        (r#"features ca ("a", "b")"#, "0"),
        ("created gt 2020", "1"),
        ("created le 2020-01-01T00:00:00Z", "0"),
        ("size ge 3 and not size eq 4", "02"),
        ("loose eq true", "1"),
        ("loose eq false", "0"),
        (r#"label.text sw "HEAVY""#, "2"),
    ] {
        assert_eq!(found_by("v2026", filters), expected, "{filters}");
        assert_eq!(found_by("v1", filters), expected, "{filters}");
    }
}

#[test]
fn what_may_be_asked_differs_from_version_to_version() {
    assert_eq!(found_by("beta", r#"name eq "bolt" and pr name"#), "01");
    assert_eq!(
        selection("beta", "filters=name%20sw%20%22b%22").unwrap_err(),
        [
            "Query parameter \"filters\", character 6: found `sw`; expected eq or pr for the field name. It was: name sw \
          \"b\""
        ]
    );
    assert_eq!(
        selection("beta", "filters=created+gt+2020&sorters=-created").unwrap_err(),
        [
            "Query parameter \"filters\", character 1: found the field created; expected name, owner.id, features, \
             size, loose or label.text. It was: created gt 2020",
            "Query parameter \"sorters\", character 2: found the field created; expected name. It was: -created",
        ]
    );
    assert_eq!(
        selection("beta", "sorters=nam").unwrap_err(),
        [
            "Query parameter \"sorters\", character 1: found the field nam; expected name; did you mean name? It was: nam"
        ]
    );
    assert!(selection("beta", "sorters=-name").unwrap().unwrap().is_sorted());
    assert!(selection("v3", "filters=nonsense&sorters=nonsense").unwrap().is_none());
    assert!(selection("latest", "sorters=owner.id,-created").unwrap().unwrap().is_sorted());
}

#[test]
fn a_list_is_asked_for_as_it_is_where_nothing_is_said() {
    for query in ["", "limit=1", "filters=", "filters=%20&sorters=", "filter=x"] {
        assert!(selection("v2026", query).unwrap().is_none(), "{query}");
    }
    let first_counts = selection("v2026", "filters=pr%20name&filters=nonsense");
    assert!(first_counts.is_ok_and(|selection| selection.is_some()));
}

#[test]
fn a_long_filter_is_shown_around_its_mistake() {
    let long = format!("name eq \"{}\" und {}", "x".repeat(500), "y".repeat(500));
    let texts =
        selection("v2026", &format!("filters={}", long.replace(' ', "+").replace('"', "%22"))).unwrap_err();
    let expected = "Query parameter \"filters\", character 512: found und; expected `and`, `or` or the end; a text \
        with spaces needs double quotes. It was: … xxx";
    assert!(texts[0].starts_with(expected), "{}", texts[0]);
    assert!(texts[0].ends_with("yyy …") && texts[0].len() < 500, "{}", texts[0]);
    let cut = selection("v2026", "filters=name%20eq%20%22Sales%20").unwrap_err();
    assert!(cut[0].contains("character 9: the text that begins here does not end"), "{cut:?}");
}

#[test]
fn a_served_document_says_in_words_what_a_list_can_be_filtered_and_sorted_by() {
    let parameters = |version: &str| {
        let list = &served(version, Prerequisites::Ignore)["paths"]["/parts"]["get"];
        assert!(!list.to_string().contains("x-sim-"));
        list["parameters"].clone()
    };
    let beta = parameters("beta");
    assert_eq!((beta[0]["name"].as_str(), beta[1]["name"].as_str()), (Some("filters"), Some("sorters")));
    assert_eq!(beta[0]["schema"], json!({ "type": "string" }));
    let filters = beta[0]["description"].as_str().unwrap();
    assert!(filters.ends_with(
        "each may have: `name`: eq, pr; `owner.id`: eq; `features`: ca; `size`: eq, ge; `loose`: eq; `label.text`: sw."
    ));
    assert!(beta[1]["description"].as_str().unwrap().ends_with("The fields: `name`."));
    let new = parameters("v2026");
    assert!(new[0]["description"].as_str().unwrap().contains("`created`: gt, le;"));
    assert_eq!(parameters("v3"), Value::Null);
}

#[test]
fn the_tables_have_the_fields_of_all_versions_once() {
    let compiled = read("things", THINGS).unwrap();
    let [rows] = compiled.service.rows.0 else { panic!("{:?}", compiled.service.rows) };
    let paths: Vec<&str> = rows.fields.iter().map(|field| field.path).collect();
    assert_eq!(rows.resource, "things");
    assert_eq!(paths, ["name", "owner.id", "features", "size", "fixed", "labels.text", "created"]);
    let text = write::tables(&compiled);
    for part in [
        "rows: List(&[RowFacts { resource: \"things\", fields: List(&[Field { path: \"name\", kind: FieldKind::Text }",
        "Field { path: \"fixed\", kind: FieldKind::Opposite }",
        "listing: Some(Listing { rows: 0, filters: List(&[Filterable { name: \"name\", field: 0, operators: Operators(",
        "sorters: List(&[Sortable { name: \"name\", field: 0 }",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn records_of_another_resource_may_be_listed() {
    let other = THINGS.replacen("x-sim-fields:", "x-sim-rows-of: items\nx-sim-fields:", 1);
    assert_eq!(read("things", &other).unwrap().service.rows[0].resource, "items");
}

#[test]
fn marks_that_make_no_sense_do_not_build() {
    for (from, to, expected) in [
        (
            "owner.id: [eq]",
            "owner.name: [eq]",
            "the items of the reply have no text, number, boolean, time or list of texts at `owner.name`",
        ),
        ("owner.id: [eq]", "owner: [eq]", "list of texts at `owner`"),
        ("owner.id: [eq]", "owner.id: [is]", "operator `is` of `owner.id`; expected one of eq, ne, gt"),
        ("owner.id: [eq]", "owner.id: []", "no operators of `owner.id`; expected one or more"),
        (
            "features: [ca]",
            "features: [gt]",
            "operator `gt` of `features`; expected one of eq, ne, co, sw, in, ca",
        ),
        ("loose: [eq]", "loose: [co]", "operator `co` of `loose`"),
        ("[name, created, owner.id]", "[name, created, color]", "list of texts at `color`"),
        ("kind: text}", "kind: words}", "unknown variant `words`"),
        ("at: labels.text, kind", "at: labels.text, not: true, kind", "`not` for `label.text`"),
        ("at: labels.text, kind: text}", "at: labels.text}", "list of texts at `labels.text`"),
        (
            "      x-sim-filters:\n",
            "      parameters: [{name: filters, in: query, schema: {type: string}}]\n      x-sim-filters:\n",
            "a parameter `filters`; expected none",
        ),
        ("x-sim-sorters: [name]}", "x-sim-sorters: {name: [eq]}}", "/paths/~1parts/get: invalid type"),
        ("{created: null, name", "{created: gt, name", "/paths/~1parts/get: invalid type"),
    ] {
        assert!(THINGS.contains(from), "{from}");
        let found = read("things", &THINGS.replacen(from, to, 1)).unwrap_err();
        assert!(found.contains(expected), "{from}: {found}");
    }
    let in_versions = "      x-sim-in:\n        beta: {x-sim-filters: {created: null, name: [eq, pr]}, x-sim-sorters: [name]}\n        \
        v3: {x-sim-filters: null, x-sim-sorters: null}\n";
    assert!(THINGS.contains(in_versions));
    let unversioned = format!("x-sim-unversioned: true\n{}", THINGS.replacen(in_versions, "", 1));
    assert!(read("things", &unversioned).unwrap_err().contains("/paths/~1parts/get: marks of versions"));
}

#[test]
fn the_page_about_filters_shows_a_true_message_and_the_true_limits() {
    let page = include_str!("../../../docs/filters.md").replace('\n', " ");
    let told = selection("v2026", "filters=name%20EQ%20%22Staff%22").unwrap_err();
    assert!(page.contains(&told[0]), "{}", told[0]);
    let limits = format!(
        "{} bytes, {MOST_CONDITIONS} conditions, {MOST_DEPTH} levels of parentheses and `not`, and {} values in one \
        list; there are at most {MOST_SORTERS} sorters",
        with_comma(MOST_BYTES),
        with_comma(MOST_VALUES)
    );
    assert!(page.contains(&limits), "{limits}");
}

fn with_comma(number: usize) -> String {
    format!("{},{:03}", number / 1_000, number % 1_000)
}
