//! What a run's command is told: where its tenant is and how to sign in, in its environment and, for placeholders such as
//! `{{baseUrl}}`, in its arguments. Whatever else the environment says about the vendor's API is taken out, so that no
//! run reaches a real tenant.

use std::ffi::{OsStr, OsString};

use sync_group_sim::document::{nearest, one_of};

/// The placeholders, as they are written.
const NAMES: [&str; 9] =
    ["baseUrl", "clientId", "clientSecret", "tenant", "host", "port", "scenario", "seed", "dir"];

/// What begins the names of variables by which the vendor's tools are told where to go.
const VENDOR: &str = "SAIL_";

/// What one run's command is told.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) base_url: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) tenant: String,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) scenario: String,
    /// The number of the run, from 1.
    pub(super) run: usize,
    pub(super) seed: u64,
    /// A folder of its own, which is removed after the run. No other run has it, so it is also what its processes are
    /// known by.
    pub(super) dir: String,
    /// The control API, where the command may use it.
    pub(super) control_url: Option<String>,
}

/// The variable that says which folder is a run's own.
pub(super) const DIR_VARIABLE: &str = "SYNC_GROUP_SIM_DRILL_DIR";

impl Told {
    /// The value of a placeholder.
    fn value(&self, name: &str) -> Option<String> {
        Some(match name {
            "baseUrl" => self.base_url.clone(),
            "clientId" => self.client_id.clone(),
            "clientSecret" => self.client_secret.clone(),
            "tenant" => self.tenant.clone(),
            "host" => self.host.clone(),
            "port" => self.port.to_string(),
            "scenario" => self.scenario.clone(),
            "seed" => self.seed.to_string(),
            "dir" => self.dir.clone(),
            _ => return None,
        })
    }

    /// An argument with its placeholders filled in. One that is not text has none.
    pub(super) fn fill(&self, argument: &OsStr) -> OsString {
        let Some(text) = argument.to_str() else { return argument.to_owned() };
        let (mut filled, mut rest) = (String::new(), text);
        while let Some((before, name, after)) = first_placeholder(rest) {
            filled.push_str(before);
            filled.push_str(&self.value(name).unwrap_or_default());
            rest = after;
        }
        filled.push_str(rest);
        filled.into()
    }

    /// The variables that are set.
    pub(super) fn variables(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("SAIL_BASE_URL", self.base_url.clone()),
            ("SAIL_CLIENT_ID", self.client_id.clone()),
            ("SAIL_CLIENT_SECRET", self.client_secret.clone()),
            ("NO_PROXY", "127.0.0.1,localhost".to_owned()),
            ("no_proxy", "127.0.0.1,localhost".to_owned()),
            ("SYNC_GROUP_SIM_DRILL", "1".to_owned()),
            ("SYNC_GROUP_SIM_DRILL_SCENARIO", self.scenario.clone()),
            ("SYNC_GROUP_SIM_DRILL_RUN", self.run.to_string()),
            ("SYNC_GROUP_SIM_DRILL_SEED", self.seed.to_string()),
            (DIR_VARIABLE, self.dir.clone()),
        ];
        if let Some(url) = &self.control_url {
            variables.push(("SYNC_GROUP_SIM_DRILL_CONTROL_URL", url.clone()));
        }
        variables
    }
}

/// Whether a variable of our own environment is kept from the command.
pub(super) fn is_replaced(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_uppercase();
    name.starts_with(VENDOR) || name.starts_with("SYNC_GROUP_SIM_DRILL") || name == "NO_PROXY"
}

/// What is wrong with the placeholders in a command; or what to be warned of.
pub(super) fn check(command: &[OsString]) -> Result<Vec<String>, String> {
    let mut warnings = Vec::new();
    for (number, argument) in command.iter().enumerate() {
        let mut rest = argument.to_str().unwrap_or_default();
        while let Some((_, name, after)) = first_placeholder(rest) {
            if !NAMES.contains(&name) {
                return Err(unknown(number, name));
            }
            if name == "clientSecret" {
                warnings.push(format!(
                    "`{{{{clientSecret}}}}` in {}: everybody on this machine can read it there; expected the \
                     command to read SAIL_CLIENT_SECRET",
                    place(number)
                ));
            }
            rest = after;
        }
    }
    Ok(warnings)
}

fn unknown(number: usize, name: &str) -> String {
    let names: Vec<String> = NAMES.iter().map(|name| format!("{{{{{name}}}}}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let advice = match nearest(name, NAMES) {
        Some(meant) => format!("; did you mean `{{{{{meant}}}}}`?"),
        None => String::new(),
    };
    format!(
        "{}: the placeholder `{{{{{name}}}}}` is unknown; expected {}{advice}",
        place(number),
        one_of(&names)
    )
}

fn place(number: usize) -> String {
    if number == 0 { "the command".to_owned() } else { format!("the command's argument {number}") }
}

/// The text before the first placeholder, its name, and the text behind it. Only letters make a name: what else stands in
/// two braces belongs to the command's own templates.
fn first_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    // Three braces are one and a placeholder.
    for (start, _) in text.char_indices().filter(|(start, _)| text[*start..].starts_with("{{")) {
        let inner = &text[start + 2..];
        let len = inner.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(inner.len());
        if len > 0 && inner[len..].starts_with("}}") {
            return Some((&text[..start], &inner[..len], &inner[len + 2..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> Told {
        Told {
            base_url: "http://127.0.0.1:1/tenants/t".to_owned(),
            client_id: "id".to_owned(),
            client_secret: "hush".to_owned(),
            tenant: "t".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: 1,
            scenario: "clean".to_owned(),
            run: 7,
            seed: 42,
            dir: "/d".to_owned(),
            control_url: None,
        }
    }

    #[test]
    fn each_placeholder_is_filled_in_wherever_it_stands() {
        for (argument, filled) in [
            ("{{baseUrl}}", "http://127.0.0.1:1/tenants/t"),
            ("--auth={{clientId}}:{{clientSecret}}", "--auth=id:hush"),
            ("{{tenant}} {{host}} {{port}} {{scenario}} {{seed}} {{dir}}", "t 127.0.0.1 1 clean 42 /d"),
            ("{{{seed}}}", "{42}"),
            ("{{ .Name }} {{}} {{a-b}} {{seed", "{{ .Name }} {{}} {{a-b}} {{seed"),
            ("ä{{seed}}ö", "ä42ö"),
        ] {
            assert_eq!(told().fill(OsStr::new(argument)), OsStr::new(filled));
            assert!(check(&[argument.into()]).is_ok(), "{argument}");
        }
    }

    #[test]
    fn an_unknown_placeholder_is_told_with_its_place() {
        assert_eq!(
            check(&["curl".into(), "-s".into(), "{{baseURL}}/x".into()]).unwrap_err(),
            "the command's argument 2: the placeholder `{{baseURL}}` is unknown; expected {{baseUrl}}, {{clientId}}, \
             {{clientSecret}}, {{tenant}}, {{host}}, {{port}}, {{scenario}}, {{seed}} or {{dir}}; did you mean \
             `{{baseUrl}}`?"
        );
    }

    #[test]
    fn a_secret_in_an_argument_is_warned_of() {
        let warnings = check(&["a".into(), "{{clientSecret}}".into()]).unwrap();
        assert!(
            warnings[0].contains("argument 1") && warnings[0].contains("SAIL_CLIENT_SECRET"),
            "{warnings:?}"
        );
    }

    #[test]
    fn what_the_environment_says_of_other_tenants_is_taken_out() {
        for name in ["SAIL_BASE_URL", "SAIL_ACCESS_TOKEN", "sail_x", "SYNC_GROUP_SIM_DRILL_RUN", "no_proxy"] {
            assert!(is_replaced(OsStr::new(name)), "{name}");
        }
        for name in ["PATH", "SAILING", "SYNC_GROUP_SIM_SEED", "HTTP_PROXY"] {
            assert!(!is_replaced(OsStr::new(name)), "{name}");
        }
    }
}
