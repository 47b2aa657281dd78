//! Tests of the reader as a whole, on a small format of their own.

use super::*;

record! {
    /// A menu.
    struct Menu as "menu" {
        /// What there is.
        dishes: Vec<Dish> = required("dishes"),
        /// When.
        hours: Option<Hours> = optional("hours"),
    }
}

record! {
    /// A dish.
    struct Dish as "dish" checked by Dish::check {
        /// What it is called.
        name: String = required("name") within Limit::NotEmpty,
        /// In cents.
        price: u32 = or("price", 5) within Limit::Between(1, 1_000),
        /// How hot.
        heat: Heat = optional("heat"),
        /// Whether it comes with rice.
        rice: bool = optional("rice"),
        /// What a cook says.
        note: Option<String> = nullable("note"),
        /// How likely it is sold out.
        gone: Option<f64> = optional("gone"),
    }
}

record! {
    derive(Eq)
    /// When.
    struct Hours as "time" {
        /// From this hour on.
        from: u16 = required("from"),
    }
}

words! {
    derive(Default)
    /// How hot a dish is.
    enum Heat {
        /// Not at all.
        Mild = "mild",
        /// Very.
        Hot = "hot",
    }
}

impl Dish {
    fn check(&self, place: &mut Place<'_, '_, '_>) {
        if self.heat == Heat::Hot && !self.rice {
            place.mistake("/heat", "hot without rice; expected both or none");
        }
    }
}

fn error(name: &str, text: &str) -> String {
    Document::new(name, text).read::<Menu>().unwrap_err().to_string()
}

#[test]
fn yaml_and_json_read_the_same() {
    let yaml =
        "dishes:\n  - {name: soup, price: 4}\n  - name: 007\n    heat: hot\n    rice: true\n    note: ~\n";
    let json = r#"{"dishes": [{"name": "soup", "price": 4}, {"name": 7, "heat": "hot", "rice": true, "note": null}]}"#;
    let yaml = Document::new("menu.yaml", yaml).read::<Menu>().unwrap();
    let mut json = Document::new("menu.json", json).read::<Menu>().unwrap();
    assert_eq!((yaml.dishes[1].name.as_str(), json.dishes[1].name.as_str()), ("007", "7"));
    json.dishes[1].name = "007".to_owned();
    assert_eq!(yaml, json);
    assert_eq!(
        serde_json::to_string(&yaml).unwrap(),
        r#"{"dishes":[{"name":"soup","price":4},{"name":"007","price":5,"heat":"hot","rice":true}]}"#
    );
}

#[test]
fn a_mistake_says_where_what_was_found_and_what_to_write() {
    for (text, expected) in [
        (
            "dishes:\n  - name: soup\n    prize: 4\n",
            "3:5: unknown key `prize`; expected name, price, heat, rice, note or gone; did you mean `price`?",
        ),
        (
            "dishes:\n  - name: soup\n    price: many\n",
            "3:12: `many`; expected a whole number from 1 to 1000",
        ),
        (
            "dishes:\n  - name: soup\n    price: '4'\n",
            "3:12: the text `4`; expected a whole number from 1 to 1000; write 4 without quotes",
        ),
        ("dishes:\n  - name: soup\n    price: 1001\n", "3:12: price 1001; expected 1 to 1000"),
        ("dishes:\n  - name: soup\n    price: -1\n", "3:12: -1; expected a whole number from 1 to 1000"),
        ("dishes:\n  - name: soup\n    gone: 5%\n", "3:11: `5%`; expected a number; write 0.05"),
        ("dishes:\n  - name: soup\n    rice: yes\n", "3:11: `yes`; expected true or false; write true"),
        (
            "dishes:\n  - name: soup\n    heat: hto\n",
            "3:11: `hto`; expected mild or hot; did you mean `hot`?",
        ),
        ("dishes:\n  - name: soup\n    heat: hot\n", "3:11: hot without rice; expected both or none"),
        ("dishes:\n  - name:\n", "2:9: nothing; expected text"),
        ("dishes:\n  - name: null\n", "2:11: `null`; expected text, in quotes if it is meant as text"),
        ("dishes:\n  - soup\n", "2:5: `soup`; expected a dish {name: …}; write {name: soup}"),
        ("dishes: soup\n", "1:9: `soup`; expected a list, each entry a dish {name: …}; write [soup]"),
        ("dishes: []\nhours: 5\n", "2:8: `5`; expected a time {from: …}; write {from: 5}"),
        (
            "dishes: []\nhours:\nfrom: 5\n",
            "2:6: nothing; expected a time {from: …}\nmenu.yaml:3:1: the key `from` belongs under `hours`; expected it there, indented further",
        ),
        ("dishes: []\ndishes: []\n", "2:1: a repeated key, first on line 1; expected it once"),
        (
            "hours: {from: 1}\n",
            "1:1: the key `dishes` is missing; expected a list, each entry a dish {name: …}",
        ),
        (" \n", "1:1: the document is empty; expected a menu {dishes: …}"),
        ("just text\n", "1:1: `just text`; expected a menu {dishes: …}"),
        (
            "dishes:\n  - name: soup\nprice: 5\n",
            "3:1: the key `price` belongs under `dishes`; expected it there, indented further",
        ),
        // A key that is mistyped is not missing as well.
        ("dihses: []\n", "1:1: unknown key `dihses`; expected dishes or hours; did you mean `dishes`?"),
    ] {
        assert_eq!(error("menu.yaml", text), format!("menu.yaml:{expected}"), "{text}");
    }
    for (text, expected) in [
        (
            "{\"dishes\": [\n  {\"prise\": 4}]}",
            "2:4: unknown key `prise`; expected name, price, heat, rice, note or gone; did you mean `price`?\nmenu.json:2:3: the key",
        ),
        ("{\"dishes\": [,]}", "1:13: not JSON: `,`; expected a value"),
        (
            "{\"dïshes\": [\n\"€€€\",]}",
            "2:7: not JSON: a comma before `]`; expected none after the last entry",
        ),
        ("{\"dishes\": [{\"name\": null}]}", "1:22: `null`; expected text"),
    ] {
        let found = error("menu.json", text);
        let lines: Vec<_> = expected.split('\n').collect();
        for line in lines {
            assert!(found.contains(line), "{text}\n{found}");
        }
    }
}

#[test]
fn places_count_in_characters_and_lines_of_any_kind() {
    for text in ["ä: '€'\nb: 1\n", "\u{feff}ä: '€'\r\nb: 1\r\n", "ä: '€'\rb: 1\r"] {
        let found = error("menu.yaml", text);
        assert!(found.contains("menu.yaml:2:1: unknown key `b`"), "{text:?}\n{found}");
        assert!(found.starts_with("menu.yaml:1:1: "), "{text:?}\n{found}");
    }
}

#[test]
fn a_schema_says_what_is_read() {
    let schema = document_schema::<Menu>("menu");
    let validator = jsonschema::draft7::new(&schema).unwrap();
    for (text, is_read) in [
        ("{dishes: []}", true),
        ("{dishes: [{name: soup, note: null, price: 1000, gone: 0.5}], hours: {from: 5}}", true),
        ("{dishes: [{name: ''}]}", false),
        ("{dishes: [{name: soup, price: 1001}]}", false),
        ("{dishes: [{name: soup, prize: 1}]}", false),
        ("{dishes: [{name: soup, heat: warm}]}", false),
        ("{dishes: [{price: 4}]}", false),
        ("{dishes: [], hours: null}", false),
    ] {
        let document = Document { name: "menu", text, format: Format::Yaml };
        assert_eq!(document.read::<Menu>().is_ok(), is_read, "{text}");
        assert_eq!(validator.is_valid(&document.to_json().unwrap()), is_read, "{text}");
    }
    assert_eq!(schema["definitions"]["dish"]["properties"]["price"]["default"], 5);
    assert_eq!(schema["properties"]["dishes"]["description"], "What there is.");
}

#[test]
fn a_pointer_leads_to_a_line_and_column() {
    let text = "name: a\ndishes:\n  - name: soup\n    price: 4\n  - {name: cake, price: 5}\n";
    let document = Document::new("menu.yaml", text);
    for (pointer, place) in [
        ("", (1, 1)),
        ("/dishes", (2, 1)),
        ("/dishes/0", (3, 5)),
        ("/dishes/0/price", (4, 12)),
        ("/dishes/1/price", (5, 25)),
        ("/dishes/1/colour", (5, 5)),
        ("/dishes/7/price", (2, 1)),
    ] {
        let error = document.error_at(pointer, "x");
        assert_eq!((error.mistakes[0].line, error.mistakes[0].column), place, "{pointer}");
    }
}
