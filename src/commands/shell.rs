//! How each shell is told to set a variable, and to forget it. A value reaches the variable as it is, whatever it holds;
//! one that a shell cannot take is refused.

use sync_group_sim::drill::shell_word;

use crate::cli::Shell;

impl Shell {
    /// The line that sets a variable.
    pub(super) fn set(self, name: &str, value: &str) -> Result<String, String> {
        if value.contains(char::is_control) {
            return Err(format!("{name}: a control character in it; expected visible characters and spaces"));
        }
        Ok(match self {
            Self::Sh => format!("export {name}={}", shell_word(value)),
            Self::Fish => format!("set -gx {name} '{}'", value.replace('\\', "\\\\").replace('\'', "\\'")),
            Self::Powershell => format!("$env:{name} = '{}'", doubled_quotes(value)),
            Self::Cmd => format!("set {}", for_cmd(name, value)),
            Self::Dotenv => format!("{name}={}", for_dotenv(name, value)?),
        })
    }

    /// What has variables forgotten.
    pub(super) fn unset(self, names: &[&str]) -> String {
        let lines =
            |line: fn(&str) -> String| names.iter().map(|name| line(name)).collect::<Vec<_>>().join("\n");
        match self {
            Self::Sh => format!("unset {}", names.join(" ")),
            Self::Fish => format!("set -e {}", names.join(" ")),
            Self::Powershell => lines(|name| format!("Remove-Item -ErrorAction SilentlyContinue Env:{name}")),
            Self::Cmd => lines(|name| format!("set \"{name}=\"")),
            Self::Dotenv => lines(|name| format!("{name}=")),
        }
    }
}

/// PowerShell takes the typographic quotes for the plain one.
fn doubled_quotes(value: &str) -> String {
    let mut doubled = String::with_capacity(value.len());
    for c in value.chars() {
        doubled.push(c);
        if matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}') {
            doubled.push(c);
        }
    }
    doubled
}

/// A line of a batch file. Within quotes all but `%` is as it stands; a quote of the value's own would end them, and each
/// special character is escaped instead.
fn for_cmd(name: &str, value: &str) -> String {
    let value = value.replace('%', "%%");
    if !value.contains('"') {
        return format!("\"{name}={value}\"");
    }
    let mut escaped = format!("{name}=");
    for c in value.chars() {
        if matches!(c, '"' | '^' | '&' | '|' | '<' | '>' | '(' | ')') {
            escaped.push('^');
        }
        escaped.push(c);
    }
    escaped
}

/// Readers of such files differ. Between single quotes all take the text as it stands, but some take a backslash there,
/// and all a quote, for something else.
fn for_dotenv(name: &str, value: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._:/@%+,=".contains(c);
    if !value.is_empty() && value.chars().all(is_plain) {
        return Ok(value.to_owned());
    }
    if !value.contains(['\'', '\\']) {
        return Ok(format!("'{value}'"));
    }
    if !value.contains(['"', '\\', '$', '`']) {
        return Ok(format!("\"{value}\""));
    }
    Err(format!(
        "{name}: quotes beside `$`, `\"` or a backslash, which programs read differently in a dotenv file; expected \
         another value, or another `--shell`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_has_quotes_of_its_own() {
        for (shell, value, line) in [
            (Shell::Sh, "http://h:1", "export X=http://h:1"),
            (Shell::Sh, "it's $A", "export X='it'\\''s $A'"),
            (Shell::Fish, "it's \\", "set -gx X 'it\\'s \\\\'"),
            (Shell::Powershell, "it's \u{2019} $A", "$env:X = 'it''s \u{2019}\u{2019} $A'"),
            (Shell::Cmd, "a%b & ^c", "set \"X=a%%b & ^c\""),
            (Shell::Cmd, "a\"b & c^", "set X=a^\"b ^& c^^"),
            (Shell::Dotenv, "http://h:1/a", "X=http://h:1/a"),
            (Shell::Dotenv, "a $b \"c\" #d", "X='a $b \"c\" #d'"),
            (Shell::Dotenv, "it's #1", "X=\"it's #1\""),
        ] {
            assert_eq!(shell.set("X", value).as_deref(), Ok(line), "{shell:?}");
        }
        assert!(Shell::Dotenv.set("X", "it's $1").unwrap_err().contains("another `--shell`"));
        assert!(Shell::Sh.set("X", "a\nb").unwrap_err().contains("a control character"));
    }
}
