//! Request bodies: read by their media type, and checked against their schemas. A schema is compiled when it is first
//! used, so an operation that is never called costs nothing.

use std::sync::OnceLock;

use hyper::header::CONTENT_TYPE;
use jsonschema::paths::Location;
use jsonschema::{Draft, Keyword, ValidationError, Validator};
use serde_json::{Map, Value};

use super::check::Multipart;
use super::facts::{BodyFacts, Media};
use super::violation::{Violation, violation};
use crate::document::parse_json;
use crate::prerequisites::Prerequisites;
use crate::wire::{Body, DetailCode, Refusal, Request};

/// The text seen on real replies to a body that is not JSON.
pub(super) const UNPARSABLE: &str = "The request could not be parsed.";

/// How many mistakes in a body are reported: a long one may have a million.
const MOST_VIOLATIONS: usize = 50;

/// A body that was read.
pub(super) enum Content {
    Json(Value),
    Multipart(Multipart),
}

/// The body, when it is small enough, of a media type that the operation reads, and valid; `None` when there is none
/// and none is required.
pub(super) fn read(facts: &BodyFacts, request: &Request) -> Result<Option<Content>, Refusal> {
    let bytes = match &request.body {
        Body::TooLarge { limit } => return Err(Refusal::PayloadTooLarge { limit: *limit }),
        Body::Whole(bytes) if bytes.is_empty() && !facts.is_required => return Ok(None),
        Body::Whole(bytes) if bytes.is_empty() => return Err(unparsable("the body is empty".to_owned())),
        Body::Whole(bytes) => bytes,
    };
    if !request.media_type().is_some_and(|media_type| is_read(facts.media, &media_type)) {
        let found = request.headers.get(CONTENT_TYPE).map(|found| String::from_utf8_lossy(found.as_bytes()));
        let found = found.unwrap_or("no Content-Type".into());
        let why = format!("found {found}, expected {}", name(facts.media));
        return Err(Refusal::UnsupportedMediaType.because(why));
    }
    match facts.media {
        Media::Json | Media::JsonPatch => {
            parse_json(bytes).map(|value| Some(Content::Json(value))).map_err(unparsable)
        }
        Media::Multipart => Ok(request.headers.get(CONTENT_TYPE).map(|content_type| {
            Content::Multipart(Multipart { content_type: content_type.clone(), bytes: bytes.clone() })
        })),
    }
}

fn name(media: Media) -> &'static str {
    match media {
        Media::Json => "application/json",
        Media::JsonPatch => "application/json-patch+json",
        Media::Multipart => "multipart/form-data",
    }
}

fn is_read(media: Media, media_type: &str) -> bool {
    match media {
        Media::Json => {
            media_type == "application/json"
                || media_type.ends_with("+json") && media_type.starts_with("application/")
        }
        Media::JsonPatch => media_type == "application/json-patch+json",
        Media::Multipart => media_type == "multipart/form-data",
    }
}

/// The refusal of a body that is not JSON: the real service does not say why, so the log does.
fn unparsable(why: String) -> Refusal {
    Refusal::BadRequest {
        code: DetailCode::Syntax,
        text: UNPARSABLE.to_owned(),
        further: Vec::new(),
        aside: Some(why),
    }
}

/// An operation's body schemas, compiled when they are first used.
#[derive(Debug, Default)]
pub(super) struct Validators {
    lenient: OnceLock<Validator>,
    strict: OnceLock<Validator>,
    /// Boxed, because few operations have one.
    result: OnceLock<Box<Validator>>,
}

impl Validators {
    /// Adds the ways in which the body breaks its schema.
    pub(super) fn check(
        &self,
        facts: &BodyFacts,
        body: &Value,
        prerequisites: Prerequisites,
        violations: &mut Vec<Violation>,
    ) {
        add_violations(self.validator(facts, prerequisites), body, violations);
    }

    /// Adds the ways in which a patched record breaks the schema that it must keep.
    pub(super) fn check_result(&self, facts: &BodyFacts, record: &Value, violations: &mut Vec<Violation>) {
        if let Some(schema) = facts.result {
            add_violations(self.result.get_or_init(|| Box::new(compile(schema))), record, violations);
        }
    }

    fn validator(&self, facts: &BodyFacts, prerequisites: Prerequisites) -> &Validator {
        let (place, schema) = match prerequisites {
            Prerequisites::Enforce if facts.strict != facts.lenient => (&self.strict, facts.strict),
            _ => (&self.lenient, facts.lenient),
        };
        place.get_or_init(|| compile(schema))
    }

    /// How many of them were compiled so far.
    #[cfg(test)]
    pub(super) fn compiled(&self) -> usize {
        [&self.lenient, &self.strict].iter().filter(|place| place.get().is_some()).count()
            + usize::from(self.result.get().is_some())
    }
}

/// Adds the ways in which a value breaks a schema.
fn add_violations(validator: &Validator, value: &Value, violations: &mut Vec<Violation>) {
    if validator.is_valid(value) {
        return;
    }
    let begin = violations.len();
    for (place, error) in validator.iter_errors(value).enumerate() {
        if place == MOST_VIOLATIONS {
            let text = "There are further mistakes.".to_owned();
            violations.push(Violation { code: DetailCode::ReferenceNotFound, text, aside: None });
            return;
        }
        let found = violation(&error);
        if violations[begin..].last().is_none_or(|before| before.text != found.text) {
            violations.push(found);
        }
    }
}

fn compile(schema: &str) -> Validator {
    let schema: Value = serde_json::from_str(schema).expect("the build wrote the schema");
    jsonschema::options()
        .with_draft(Draft::Draft7)
        .should_validate_formats(true)
        .with_keyword("pattern", NotBlank::compile)
        .build(&schema)
        .expect("the build knows every keyword of the schema")
}

/// The one pattern that the document has: there must be something that is not blank. A regular expression would
/// say the same, and take a tenth of what an idle server keeps in memory.
struct NotBlank;

impl NotBlank {
    const PATTERN: &str = r"\S";

    fn compile<'a>(
        _: &'a Map<String, Value>,
        pattern: &'a Value,
        _: Location,
    ) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
        if pattern == Self::PATTERN {
            Ok(Box::new(Self))
        } else {
            Err(ValidationError::custom(format!("pattern {pattern}; expected `{}`", Self::PATTERN)))
        }
    }
}

impl<'i> Keyword<'i> for NotBlank {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) { Ok(()) } else { Err(ValidationError::custom("is blank")) }
    }

    fn is_valid(&self, instance: &Value) -> bool {
        instance.as_str().is_none_or(|text| text.contains(|c: char| !c.is_whitespace()))
    }
}
