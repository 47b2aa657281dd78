//! The parameters of an operation, as the contract checks them.

use serde_json::Value;

use super::super::facts::{Kind, List, Parameter, Place};
use super::openapi::{self, OperationItem, ParameterItem, ParameterPlace};
use super::read::{leak, leak_texts, parse};
use super::routes::leak_list;

/// The parameters of an operation that the contract checks: those in the query and in headers.
pub(super) fn read(path: &str, item: &OperationItem, components: &Value) -> Result<List<Parameter>, String> {
    let mut parameters = Vec::new();
    for written in &item.parameters {
        let found = resolve(written, components)?;
        let name = found.name.clone().ok_or("a parameter has no `name`; expected one")?;
        let place = match found.place {
            Some(ParameterPlace::Path) if path.contains(&format!("{{{name}}}")) => continue,
            Some(ParameterPlace::Path) => {
                return Err(format!("path parameter `{name}` is not in the path; expected {{{name}}}"));
            }
            Some(ParameterPlace::Query) => Place::Query,
            Some(ParameterPlace::Header) => Place::Header,
            None => return Err(format!("parameter `{name}` has no `in`; expected one")),
        };
        let kind = kind_of(&name, &found)?;
        parameters.push(Parameter { name: leak(name), place, is_required: found.is_required, kind });
    }
    Ok(List(leak_list(parameters)))
}

fn resolve(item: &ParameterItem, components: &Value) -> Result<ParameterItem, String> {
    match &item.reference {
        None => Ok(item.clone()),
        Some(reference) => {
            let name = reference.rsplit('/').next().unwrap_or_default();
            parse(&components["parameters"][name])
        }
    }
}

fn kind_of(name: &str, item: &ParameterItem) -> Result<Kind, String> {
    let schema = item.schema.as_ref().ok_or_else(|| format!("parameter `{name}` has no `schema`"))?;
    let default = schema.default.as_ref();
    let wrong_default = || format!("the default of parameter `{name}`; expected a value of its type");
    let checked = |is_right: bool| if is_right { Ok(()) } else { Err(wrong_default()) };
    match (schema.kind, schema.format.as_deref()) {
        (Some(openapi::Kind::Integer), Some("int32")) => {
            checked(default.is_none_or(Value::is_i64))?;
            Ok(Kind::Integer {
                least: schema.minimum.unwrap_or(i32::MIN.into()),
                most: schema.maximum.unwrap_or(i32::MAX.into()),
                default: default.and_then(Value::as_i64),
            })
        }
        (Some(openapi::Kind::Boolean), None) => {
            checked(default.is_none_or(Value::is_boolean))?;
            Ok(Kind::Boolean { default: default.and_then(Value::as_bool) })
        }
        (Some(openapi::Kind::String), None) => {
            checked(default.is_none_or(Value::is_string))?;
            let options = schema.options.iter().flatten().map(|option| option.as_str().map(str::to_owned));
            let options: Option<Vec<String>> = options.collect();
            let options = options.ok_or_else(|| format!("the enum of parameter `{name}`; expected texts"))?;
            Ok(Kind::Text {
                most_chars: schema.max_length,
                options: leak_texts(&options),
                default: default.and_then(Value::as_str).map(|text| leak(text.to_owned())),
            })
        }
        (kind, format) => Err(format!(
            "parameter `{name}` is {kind:?} in format {format:?}; expected an int32 integer, a boolean or a string"
        )),
    }
}
