//! Whether a password keeps the policy in force, rule by rule, as the vendor's admin help explains the rules. Each rule
//! that it breaks has a text. Invented: the texts.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::fixture::{Account, Identity, PasswordDictionary, PasswordPolicy};

/// Special characters that a password may have beside letters and digits.
const SPECIAL: &str = "~!@#$%^*()/_+-`={}|][;?,.&><'\" ";

/// The shortest value of an attribute that counts: one or two characters occur in most passwords by chance.
/// Invented: how short is too short is not known.
const SHORTEST_ATTRIBUTE: usize = 3;

/// Whose password it is to be, and which words it must not contain.
pub(super) struct Owner<'a> {
    pub(super) identity: Option<&'a Identity>,
    pub(super) account: &'a Account,
    pub(super) dictionary: Option<&'a PasswordDictionary>,
}

/// What a policy asks for that a password does not keep.
pub(super) fn broken(policy: &PasswordPolicy, password: &str, owner: &Owner<'_>) -> Vec<String> {
    let counts = Counts::of(password);
    let mut broken = Vec::new();
    let mut least = |found: usize, wanted: i64, what: &str| {
        if wanted > 0 && i64::try_from(found).unwrap_or(i64::MAX) < wanted {
            broken.push(format!("at least {wanted} {}", plural(what, wanted)));
        }
    };
    least(counts.all, policy.min_length, "character");
    least(counts.letters(), policy.min_alpha, "letter");
    least(counts.upper, policy.min_upper, "upper-case letter");
    least(counts.lower, policy.min_lower, "lower-case letter");
    least(counts.digits, policy.min_numeric, "digit");
    least(counts.special, policy.min_special, "special character");
    least(counts.types(policy), policy.min_character_types, "type of character");
    if policy.max_length > 0 && i64::try_from(counts.all).unwrap_or(i64::MAX) > policy.max_length {
        broken.push(format!("at most {} {}", policy.max_length, plural("character", policy.max_length)));
    }
    if policy.max_repeated_chars > 0
        && i64::try_from(longest_run(password)).unwrap_or(i64::MAX) > policy.max_repeated_chars
    {
        broken.push(format!("no character more than {} times in a row", policy.max_repeated_chars));
    }
    if let Some(refused) = password.chars().find(|&c| !is_allowed(c)) {
        broken.push(format!("no character such as U+{:04X}, which is never allowed", u32::from(refused)));
    }
    broken.extend(contained(policy, password, owner).into_iter().map(str::to_owned));
    broken
}

fn plural(what: &str, count: i64) -> String {
    match what {
        "type of character" if count != 1 => "types of characters".to_owned(),
        _ if count == 1 => what.to_owned(),
        _ => format!("{what}s"),
    }
}

/// The rules about what a password must not contain.
fn contained(policy: &PasswordPolicy, password: &str, owner: &Owner<'_>) -> Vec<&'static str> {
    let password = password.to_lowercase();
    let has = |part: &str| !part.is_empty() && password.contains(&part.to_lowercase());
    let has_attribute = |values: &BTreeMap<String, Value>| {
        let texts = values.values().flat_map(texts_of);
        texts.flat_map(|text| parts_of_attribute(&text)).any(|text| has(&text))
    };
    let has_word = |text: &str, least: i64| {
        usize::try_from(least)
            .is_ok_and(|least| words(text).any(|word| word.chars().count() >= least.max(1) && has(word)))
    };
    let Owner { identity, account, dictionary } = owner;
    let mut broken = Vec::new();
    if policy.use_account_attributes
        && (has_attribute(account.attributes.as_ref().unwrap_or(&BTreeMap::new()))
            || account.name.as_deref().is_some_and(|name| long_enough(name) && has(name)))
    {
        broken.push("nothing that the account's attributes say");
    }
    if policy.use_identity_attributes && identity.is_some_and(|identity| has_attribute(&identity.attributes))
    {
        broken.push("nothing that the identity's attributes say");
    }
    if policy.validate_against_account_id
        && has_word(&account.native_identity, policy.account_id_min_word_length)
    {
        broken.push("no part of the account's id");
    }
    if policy.validate_against_account_name
        && has_word(account.name.as_deref().unwrap_or_default(), policy.account_name_min_word_length)
    {
        broken.push("no part of the account's name");
    }
    if policy.use_dictionary && dictionary.is_some_and(|dictionary| dictionary.words().any(has)) {
        broken.push("no word of the password dictionary");
    }
    broken
}

/// What an attribute says: its text or its number, or those of all its values.
fn texts_of(value: &Value) -> Vec<Cow<'_, str>> {
    match value {
        Value::String(text) => vec![text.into()],
        Value::Number(number) => vec![number.to_string().into()],
        Value::Array(values) => values.iter().flat_map(texts_of).collect(),
        Value::Object(members) => members.values().flat_map(texts_of).collect(),
        Value::Null | Value::Bool(_) => Vec::new(),
    }
}

/// A value of an attribute, and its digits alone, because telephone numbers are written in many ways.
fn parts_of_attribute(value: &str) -> impl Iterator<Item = String> + use<> {
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    [value.to_owned(), digits].into_iter().filter(|part| long_enough(part))
}

fn long_enough(text: &str) -> bool {
    text.chars().count() >= SHORTEST_ATTRIBUTE
}

/// The words of a name such as `CN=Amelia Admin,OU=Staff` or `amelia.admin`.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// Letters and digits of the Latin alphabet, and the special characters that the help lists.
fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || SPECIAL.contains(c)
}

fn longest_run(password: &str) -> usize {
    let (mut longest, mut run, mut last) = (0, 0, None);
    for c in password.chars() {
        run = if last == Some(c) { run + 1 } else { 1 };
        last = Some(c);
        longest = longest.max(run);
    }
    longest
}

/// How many characters of each kind there are.
#[derive(Default)]
struct Counts {
    all: usize,
    upper: usize,
    lower: usize,
    digits: usize,
    special: usize,
}

impl Counts {
    fn of(password: &str) -> Self {
        let mut counts = Self::default();
        for c in password.chars() {
            counts.all += 1;
            match c {
                _ if c.is_uppercase() => counts.upper += 1,
                _ if c.is_alphabetic() => counts.lower += 1,
                _ if c.is_numeric() => counts.digits += 1,
                _ => counts.special += 1,
            }
        }
        counts
    }

    fn letters(&self) -> usize {
        self.upper + self.lower
    }

    /// How many of the four kinds are there, each in the number that the policy asks for, one at least.
    fn types(&self, policy: &PasswordPolicy) -> usize {
        let kinds = [
            (self.upper, policy.min_upper),
            (self.lower, policy.min_lower),
            (self.digits, policy.min_numeric),
            (self.special, policy.min_special),
        ];
        let is_there =
            |(found, least): &(usize, i64)| *found > 0 && i64::try_from(*found).unwrap_or(i64::MAX) >= *least;
        kinds.iter().filter(|kind| is_there(kind)).count()
    }
}

/// The rules of a policy that are on, as `queryPasswordInfo` says them.
// Invented: the names other than `passwordRepeatedChar`, `passwordMinAlpha`, `passwordMinLength` and
// `passwordMinNumeric`, which the vendor's example has; and that rules which are off are left out.
pub(super) fn in_force(policy: &PasswordPolicy) -> Vec<String> {
    let rules = [
        ("passwordRepeatedChar", policy.max_repeated_chars),
        ("passwordMinAlpha", policy.min_alpha),
        ("passwordMinLength", policy.min_length),
        ("passwordMaxLength", policy.max_length),
        ("passwordMinNumeric", policy.min_numeric),
        ("passwordMinUpper", policy.min_upper),
        ("passwordMinLower", policy.min_lower),
        ("passwordMinSpecial", policy.min_special),
        ("passwordMinCharacterTypes", policy.min_character_types),
    ];
    let numbers = rules.into_iter().filter(|(_, value)| *value > 0);
    let numbers = numbers.map(|(rule, value)| format!("{rule} is {value}"));
    let switches = [
        ("passwordUseDictionary", policy.use_dictionary),
        ("passwordUseAccountAttributes", policy.use_account_attributes),
        ("passwordUseIdentityAttributes", policy.use_identity_attributes),
        ("passwordValidateAgainstAccountId", policy.validate_against_account_id),
        ("passwordValidateAgainstAccountName", policy.validate_against_account_name),
    ];
    let switches = switches.into_iter().filter(|(_, is_on)| *is_on);
    numbers.chain(switches.map(|(rule, _)| format!("{rule} is true"))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(policy: &PasswordPolicy, password: &str) -> Vec<String> {
        let attributes = json!({
            "phone": "+49 (89) 1234-567", "displayName": "Amelia Admin", "x": "ab", "number": 471_147,
            "groups": ["Owls", 8_080], "active": true
        });
        let attributes: BTreeMap<String, Value> = serde_json::from_value(attributes).unwrap();
        let identity = Identity { attributes: attributes.clone(), ..Identity::default() };
        let account = Account {
            native_identity: "CN=Amelia Admin,OU=Staff".to_owned(),
            name: Some("a.admin".to_owned()),
            attributes: Some(attributes),
            ..Account::default()
        };
        let dictionary =
            PasswordDictionary::parse("locale=en_US\n# colours\nBlue\n\nred".to_owned()).unwrap();
        let dictionary = Some(&dictionary);
        broken(policy, password, &Owner { identity: Some(&identity), account: &account, dictionary })
    }

    macro_rules! policy {
        ($($field:ident: $value:expr),*) => { PasswordPolicy { $($field: $value,)* ..PasswordPolicy::default() } };
    }

    #[test]
    fn each_rule_that_counts_characters_has_its_bound() {
        for (policy, kept, broken, text) in [
            (policy! {min_length: 3}, "äbc", "ab", "at least 3 characters"),
            (policy! {max_length: 3}, "abc", "abcd", "at most 3 characters"),
            (policy! {min_alpha: 2}, "1aB", "1a2", "at least 2 letters"),
            (policy! {min_upper: 1}, "aB", "ab", "at least 1 upper-case letter"),
            (policy! {min_lower: 2}, "abC", "aBC", "at least 2 lower-case letters"),
            (policy! {min_numeric: 1}, "a1", "ab", "at least 1 digit"),
            (policy! {min_special: 2}, "a! ", "a!b", "at least 2 special characters"),
            (
                policy! {max_repeated_chars: 2},
                "password",
                "passsword",
                "no character more than 2 times in a row",
            ),
            (policy! {min_character_types: 3}, "aB1", "ab1", "at least 3 types of characters"),
            (policy! {min_character_types: 2, min_numeric: 2}, "a12", "A1", "at least 2 digits"),
            // One digit is no kind of its own where two are asked for.
            (policy! {min_character_types: 2, min_numeric: 2}, "a12", "A1", "at least 2 types of characters"),
        ] {
            let kept = check(&policy, kept);
            assert!(kept.iter().all(|text| text.contains("U+")), "{kept:?}");
            assert!(check(&policy, broken).contains(&text.to_owned()), "{broken}");
        }
    }

    #[test]
    fn rules_that_are_off_ask_for_nothing() {
        let off = policy! {min_length: 0, max_length: 0, min_character_types: -1, max_repeated_chars: -1};
        assert_eq!(check(&off, ""), Vec::<String>::new());
        let off = policy! {validate_against_account_id: true, validate_against_account_name: true};
        assert_eq!(check(&off, "amelia.admin"), Vec::<String>::new());
    }

    #[test]
    fn some_characters_are_never_allowed() {
        for refused in ["a:b", "£", "ß", "à", "\t"] {
            assert_eq!(check(&PasswordPolicy::default(), refused).len(), 1, "{refused}");
        }
        assert_eq!(check(&PasswordPolicy::default(), SPECIAL), Vec::<String>::new());
    }

    #[test]
    fn attributes_names_and_words_must_not_occur_in_any_case() {
        for (policy, kept, broken) in [
            (policy! {use_account_attributes: true}, "x-ab-y", "49891234567"),
            (policy! {use_account_attributes: true}, "x-admin", "x-A.ADMIN"),
            (policy! {use_account_attributes: true}, "true", "x471147x"),
            (policy! {use_identity_attributes: true}, "owl", "1OWLS1"),
            (policy! {use_identity_attributes: true}, "808", "x-8080"),
            (policy! {use_identity_attributes: true}, "amelia-admin", "xAMELIA ADMINx"),
            (policy! {use_identity_attributes: true}, "1234", "0049891234567"),
            (policy! {validate_against_account_id: true, account_id_min_word_length: 5}, "a-ou", "1ameLIA"),
            (policy! {validate_against_account_id: true, account_id_min_word_length: 6}, "staff", "amelia"),
            (policy! {validate_against_account_name: true, account_name_min_word_length: 2}, "a", "xAdmin"),
            (policy! {use_dictionary: true}, "locale", "darkBLUEsky"),
            (policy! {use_dictionary: true}, "colours", "hundREDs"),
        ] {
            assert_eq!(check(&policy, kept), Vec::<String>::new());
            assert_eq!(check(&policy, broken).len(), 1, "{broken}");
        }
    }

    #[test]
    fn rules_in_force_are_said_as_the_vendors_example_says_them() {
        let policy = policy! {max_repeated_chars: 3, min_alpha: 1, min_length: 8, min_numeric: 2, use_dictionary: true};
        assert_eq!(
            in_force(&policy),
            [
                "passwordRepeatedChar is 3",
                "passwordMinAlpha is 1",
                "passwordMinLength is 8",
                "passwordMinNumeric is 2",
                "passwordUseDictionary is true"
            ]
        );
    }
}
