//! Every operator on every kind of field, precedence, what absent values do, the words of every kind of mistake and its
//! place, and the bounds.

use super::field::{Field, FieldKind, Filterable, Operator, Operators, Selectable, Sortable};
use super::parser::{MOST_BYTES, MOST_CONDITIONS, MOST_DEPTH, MOST_VALUES};
use super::sorter::MOST_SORTERS;
use super::{Column, Columns, Filter, Sorters};

/// A field of each kind, under its path as its name; and one that has another name.
const FIELDS: &[Field] = &[
    Field { path: "name", kind: FieldKind::Text },
    Field { path: "owner.id", kind: FieldKind::Text },
    Field { path: "size", kind: FieldKind::Number },
    Field { path: "healthy", kind: FieldKind::Boolean },
    Field { path: "healthy", kind: FieldKind::Opposite },
    Field { path: "created", kind: FieldKind::Time },
    Field { path: "features", kind: FieldKind::Texts },
];

const NAMES: [&str; 7] = ["name", "owner.id", "size", "healthy", "sick", "created", "features"];

/// A list that allows every operator that fits, and sorts by everything.
pub(super) fn list() -> Selectable {
    let filters = NAMES.into_iter().zip(FIELDS).enumerate().map(|(field, (name, known))| {
        let fitting: Vec<Operator> =
            Operator::ALL.into_iter().filter(|operator| operator.fits(known.kind)).collect();
        Filterable { name, field, operators: Operators::of(&fitting) }
    });
    let sorters = NAMES.into_iter().enumerate().map(|(field, name)| Sortable { name, field });
    Selectable {
        resource: "things",
        fields: FIELDS,
        filters: Vec::leak(filters.collect()),
        sorters: Vec::leak(sorters.collect()),
    }
}

const RECORDS: [&str; 6] = [
    r#"{"id":"0","name":"Active Directory","owner":{"id":"o1"},"size":7,"healthy":true,"created":"2018-12-18T23:05:55.000Z","features":["PASSWORD","ENABLE"]}"#,
    r#"{"id":"1","name":"active directory","owner":{"id":"o2"},"size":7.5,"healthy":false,"created":"2019-01-01T00:00:00.000Z","features":["CURRENT_PASSWORD"]}"#,
    r#"{"id":"2","name":"Öl \"&\" Gas","owner":null,"size":-3,"created":"2026-11-24T10:30:00.500+01:00","features":[]}"#,
    r#"{"id":"3","name":null,"size":null,"healthy":null,"created":null,"features":null}"#,
    r#"{"id":"4"}"#,
    r#"{"id":"5","name":"","owner":{"id":"O1"},"size":1e3,"healthy":true,"created":"2018-12-18T23:05:55Z","features":["password"]}"#,
];

/// The numbers of the records that match.
fn found(text: &str) -> Result<String, String> {
    let filter = Filter::read(text, &list()).map_err(|mistake| mistake.to_string())?;
    let columns = Columns::default();
    let column = |field: usize| -> &Column {
        columns.column(FIELDS, field, RECORDS.iter().map(|text| Some(text.as_bytes())))
    };
    let bits = filter.matches((1 << RECORDS.len()) - 1, &column);
    Ok((0..RECORDS.len()).filter(|place| bits & (1 << place) != 0).map(|place| place.to_string()).collect())
}

fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(found(text).as_deref(), Ok(*expected), "{text}");
    }
}

#[test]
fn texts_are_compared_without_regard_to_case() {
    check(&[
        (r#"name eq "ACTIVE DIRECTORY""#, "01"),
        (r#"name ne "active directory""#, "2345"),
        (r#"name gt "active""#, "012"),
        (r#"name gt "active directory""#, "2"),
        (r#"name ge "Active Directory""#, "012"),
        (r#"name lt "B""#, "015"),
        (r#"name le "active directory""#, "015"),
        (r#"name co "TIVE d""#, "01"),
        (r#"name co """#, "0125"),
        (r#"name sw "act""#, "01"),
        (r#"name sw "ÖL""#, "2"),
        (r#"name eq "öl \"&\" gas""#, "2"),
        (r#"name in ("nobody", "Active directory", "")"#, "015"),
        (r#"name in "active directory""#, "01"),
        ("name isnull", "34"),
        ("pr name", "0125"),
        (r#"owner.id eq "o1""#, "05"),
        ("owner.id isnull", "234"),
    ]);
}

#[test]
fn numbers_and_booleans_are_compared_as_such() {
    check(&[
        ("size eq 7", "0"),
        ("size eq 7.0", "0"),
        ("size ne 7", "12345"),
        ("size gt 7", "15"),
        ("size ge 7", "015"),
        ("size lt -2.9e0", "2"),
        ("size le 7", "02"),
        ("size in (7, 1000, 3)", "05"),
        ("size isnull", "34"),
        ("pr size", "0125"),
        ("healthy eq true", "05"),
        ("healthy eq false", "1"),
        ("healthy ne true", "1234"),
        ("healthy in (true, false)", "015"),
        ("healthy isnull", "234"),
        ("sick eq true", "1"),
        ("sick eq false", "05"),
        ("sick isnull", "234"),
    ]);
}

#[test]
fn times_are_compared_as_points_in_time() {
    check(&[
        ("created eq 2018-12-18T23:05:55Z", "05"),
        ("created eq \"2018-12-19T00:05:55.000+01:00\"", "05"),
        ("created ne 2018-12-18T23:05:55Z", "1234"),
        ("created gt 2018", "0125"),
        ("created gt 2018-12-18T23:05:55.000Z", "12"),
        ("created ge 2019-01-01", "12"),
        ("created lt 2019", "05"),
        ("created le 2019", "015"),
        ("created eq 2026-11-24T09:30:00.5Z", "2"),
        ("created in (2019, 2018-12-18T23:05:55Z)", "015"),
        ("created sw \"2018-12\"", "05"),
        ("created sw 2018-12", "05"),
        ("created co \"T23:\"", "05"),
        ("created isnull", "34"),
        ("pr created", "0125"),
    ]);
}

#[test]
fn a_list_of_texts_is_asked_for_one_of_them_or_for_all() {
    check(&[
        (r#"features ca ("password")"#, "05"),
        (r#"features ca ("ENABLE", "PASSWORD")"#, "0"),
        (r#"features ca "ENABLE""#, "0"),
        (r#"features ca ("ENABLE", "PROXY")"#, ""),
        (r#"features co "PASSWORD""#, "015"),
        (r#"features sw "current""#, "1"),
        (r#"features eq "PASSWORD""#, "05"),
        (r#"features ne "PASSWORD""#, "1234"),
        (r#"features in ("ENABLE", "CURRENT_PASSWORD")"#, "01"),
        ("features isnull", "34"),
        ("pr features", "0125"),
    ]);
}

#[test]
fn not_binds_tighter_than_and_and_that_tighter_than_or() {
    check(&[
        ("not size eq 7 or size eq 7 and healthy eq true", "012345"),
        ("not (size eq 7 or size eq 7 and healthy eq true)", "12345"),
        ("(size eq -3 or size eq 7) and healthy eq true", "0"),
        ("size eq -3 or size eq 7 and healthy eq true", "02"),
        ("size eq 7 and healthy eq true or size eq -3", "02"),
        ("not not size eq 7", "0"),
        ("not size eq 7 and not healthy eq true", "1234"),
        ("not(name isnull)and(size gt 7)", "15"),
        ("size eq 7 or size eq -3 or size eq 1000 or size eq 0", "025"),
        ("not size isnull and not size eq 7 and not pr healthy", "2"),
    ]);
}

#[test]
fn every_mistake_has_its_place_what_was_found_what_was_expected_and_what_to_write() {
    let operators = "an operator: eq, ne, gt, ge, lt, le, co, sw, in, ca or isnull";
    let names = "name, owner.id, size, healthy, sick, created or features";
    for (text, expected) in [
        ("", "character 1: found the end; expected a field's name, `not` or `(`".to_owned()),
        ("name", format!("character 5: found the end; expected {operators}")),
        (
            "name EQ \"x\"",
            format!("character 6: found EQ; expected {operators}; write `eq`: all operators are in lower case"),
        ),
        ("name = \"x\"", format!("character 6: found =; expected {operators}; write `eq`")),
        ("name='x'", format!("character 9: found the end; expected {operators}")),
        ("name pr", format!("character 6: found pr; expected {operators}; write `pr name`")),
        (
            "NOT name isnull",
            format!(
                "character 5: found name; expected {operators}; write `not`: all operators are in lower case"
            ),
        ),
        ("ö (", format!("character 3: found `(`; expected {operators}")),
        (
            "name eq",
            "character 8: found the end; expected a value, such as \"abc\", 7, true or 2026-11-24".to_owned(),
        ),
        (
            "name eq x",
            "character 9: found x; expected a text in double quotes; write \"x\"".to_owned(),
        ),
        (
            "name eq \"x\" AND size eq 7",
            "character 13: found AND; expected `and`, `or` or the end; write `and`: all operators are in lower case"
                .to_owned(),
        ),
        (
            "(name eq \"x\" || size eq 7)",
            "character 14: found ||; expected `and`, `or` or `)`; write `or`".to_owned(),
        ),
        (
            "size eq 7 8",
            "character 11: found 8; expected `and`, `or` or the end; a text with spaces needs double quotes"
                .to_owned(),
        ),
        ("(size eq 7", "character 11: found the end; expected `and`, `or` or `)`".to_owned()),
        ("size eq 7)", "character 10: found `)`, but no `(` is open; expected the end".to_owned()),
        ("size in (7", "character 11: found the end; expected a comma or `)`".to_owned()),
        (
            "size in ()",
            "character 10: found `)`; expected a value, such as \"abc\", 7, true or 2026-11-24".to_owned(),
        ),
        ("pr (name)", "character 4: found `(`; expected a field's name after `pr`".to_owned()),
        (
            "\"name\" eq 7",
            "character 1: found the text \"name\"; expected a field's name, `not` or `(`".to_owned(),
        ),
        (
            "ä eq \"x",
            "character 6: the text that begins here does not end; expected a closing `\"` (in a URL, write `#` as \
            %23, `&` as %26 and `%` as %25)"
                .to_owned(),
        ),
        (
            r#"name eq "a\d""#,
            "character 11: found `\\d` in a text; expected `\\\"` for a quote or `\\\\` for a backslash".to_owned(),
        ),
        (
            "size eq 7 and nam eq 7",
            format!("character 15: found the field nam; expected {names}; did you mean name?"),
        ),
        ("Name isnull", format!("character 1: found the field Name; expected {names}; did you mean name?")),
        (
            "healthy gt true",
            "character 9: found `gt`; expected eq, ne, in, isnull or pr for the field healthy".to_owned(),
        ),
        (
            "size eq \"7\"",
            "character 9: found the text \"7\"; expected a number without quotes, such as 7".to_owned(),
        ),
        ("size eq seven", "character 9: found seven; expected a number without quotes, such as 7".to_owned()),
        (
            "healthy eq True",
            "character 12: found True; expected true or false, in lower case and without quotes".to_owned(),
        ),
        (
            "created gt 2018-12-18T23:05:55 01:00",
            "character 32: found 01:00; expected `and`, `or` or the end; in a URL, write `+` as %2B"
                .to_owned(),
        ),
        (
            "created gt yesterday",
            "character 12: found yesterday; expected a time such as 2026-11-24T09:30:00Z, a date or a year (in a \
            URL, write `+` as %2B)"
                .to_owned(),
        ),
    ] {
        assert_eq!(found(text), Err(expected), "{text}");
    }
}

#[test]
fn single_quotes_and_a_joining_word_too_many_are_told() {
    for (text, expected) in [
        ("name eq 'x'", "character 9: found 'x'; expected a text in double quotes, not in single ones"),
        (
            "name eq 'x y'",
            "character 12: found y'; expected `and`, `or` or the end; a text with blanks stands in double quotes, not in \
             single ones",
        ),
        ("name eq \"x\" and or size eq 7", "character 17: found or; expected a field's name, `not` or `(`"),
    ] {
        assert_eq!(found(text), Err(expected.to_owned()), "{text}");
    }
}

#[test]
fn everything_is_bounded() {
    let deep = |depth: usize| format!("{}size eq 7{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(found(&deep(MOST_DEPTH)).as_deref(), Ok("0"));
    let refused =
        format!("character {}: parentheses and `not` nest too deep; expected at most 50", MOST_DEPTH + 1);
    assert_eq!(found(&deep(MOST_DEPTH + 1)), Err(refused));
    assert!(found(&"not ".repeat(MOST_DEPTH + 1)).unwrap_err().contains("too deep"));
    assert_eq!(found(&("not ".repeat(MOST_DEPTH) + "size eq 7")).as_deref(), Ok("0"));

    let many = |count: usize| vec!["size eq 7"; count].join(" and ");
    assert_eq!(found(&many(MOST_CONDITIONS)).as_deref(), Ok("0"));
    assert!(found(&many(MOST_CONDITIONS + 1)).unwrap_err().ends_with("expected at most 250"));

    let listed = |count: usize| format!("size in ({})", vec!["7"; count].join(","));
    assert_eq!(found(&listed(MOST_VALUES)).as_deref(), Ok("0"));
    assert!(found(&listed(MOST_VALUES + 1)).unwrap_err().ends_with("expected at most 1000"));

    let long = |bytes: usize| format!("name eq \"{}\"", "x".repeat(bytes - 10));
    assert_eq!(found(&long(MOST_BYTES)).as_deref(), Ok(""));
    assert_eq!(
        found(&long(MOST_BYTES + 1)),
        Err("character 1: found 32769 bytes; expected at most 32768".to_owned())
    );
}

/// The numbers of the records in order.
fn sorted(text: &str) -> Result<String, String> {
    let sorters = Sorters::read(text, &list()).map_err(|mistake| mistake.to_string())?;
    let columns = Columns::default();
    let column = |field: usize| -> &Column {
        columns.column(FIELDS, field, RECORDS.iter().map(|text| Some(text.as_bytes())))
    };
    let mut places: Vec<usize> = (0..RECORDS.len()).collect();
    places.sort_by(|own, other| sorters.compare((&column, *own), (&column, *other)));
    Ok(places.iter().map(ToString::to_string).collect())
}

#[test]
fn sorters_count_in_their_order_and_what_has_no_value_comes_last() {
    for (text, expected) in [
        ("name", "501234"),
        ("-name", "201534"),
        ("size", "201534"),
        ("-size", "510234"),
        ("healthy", "105234"),
        ("-healthy", "051234"),
        ("sick", "051234"),
        ("created", "051234"),
        ("-created", "210534"),
        ("features", "215034"),
        ("-healthy,-size", "501234"),
        (" -healthy , size ", "051234"),
        ("owner.id,-name", "051234"),
    ] {
        assert_eq!(sorted(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn a_mistake_in_sorters_has_its_place() {
    let names = "name, owner.id, size, healthy, sick, created or features";
    for (text, expected) in [
        ("nam", format!("character 1: found the field nam; expected {names}; did you mean name?")),
        (
            "name, -crated",
            format!("character 8: found the field crated; expected {names}; did you mean created?"),
        ),
        ("name,", format!("character 6: found nothing; expected {names}")),
        ("name,,size", format!("character 6: found nothing; expected {names}")),
        ("--name", format!("character 2: found the field -name; expected {names}; did you mean name?")),
        ("name desc", format!("character 1: found the field name desc; expected {names}")),
    ] {
        assert_eq!(sorted(text), Err(expected), "{text}");
    }
    assert!(sorted(&vec!["name"; MOST_SORTERS].join(",")).is_ok());
    assert!(sorted(&vec!["name"; MOST_SORTERS + 1].join(",")).unwrap_err().contains("at most 20"));
}
