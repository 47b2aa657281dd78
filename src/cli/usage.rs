//! What is wrong with a command line, in our own words: where, what was found, what was expected, what to write. The
//! parser says what kind of mistake it is; none of its texts reaches a person.

use std::error::Error as _;
use std::ffi::OsString;

use super::listen;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};
use sync_group_sim::document::{nearest, one_of, unknown};
use sync_group_sim::fixture;
use sync_group_sim::scenario::library;

/// A command line that was refused.
pub(crate) struct Refused<'a> {
    /// What the parser found.
    pub(crate) error: &'a clap::Error,
    /// All commands and options that there are.
    pub(crate) known: &'a Command,
    /// The arguments, without the program's name.
    pub(crate) arguments: &'a [String],
}

impl<'a> Refused<'a> {
    /// The message.
    pub(crate) fn told(&self) -> String {
        match self.error.kind() {
            ErrorKind::InvalidValue => self.value(),
            ErrorKind::ValueValidation => self.unfit_value(),
            ErrorKind::UnknownArgument => self.unknown_argument(),
            ErrorKind::InvalidSubcommand => self.unknown_command(),
            ErrorKind::ArgumentConflict => self.conflict(),
            ErrorKind::MissingRequiredArgument => self.missing(),
            ErrorKind::TooManyValues => {
                let option = self.option();
                format!("{option}: the value `{}`; expected none; write {option} alone", self.found())
            }
            ErrorKind::InvalidUtf8 => "an argument that is not UTF-8; expected text".to_owned(),
            _ => format!("unknown arguments; expected those that {}", self.help_shows()),
        }
    }

    /// A value that is missing, or none of those that there are.
    fn value(&self) -> String {
        let (place, found) = (self.place(), self.found());
        let choices = self.texts(ContextKind::ValidValue);
        let choices: Vec<&str> = choices.iter().map(String::as_str).collect();
        match (found.as_str(), &*choices) {
            ("", []) => format!("{place}: nothing; expected {}", self.placeholder()),
            ("", choices) => format!("{place}: nothing; expected {}", one_of(choices)),
            (found, choices) => format!("{place}: {}", unknown("", found, choices)),
        }
    }

    /// A value that its option does not take. The option's own parser says why.
    fn unfit_value(&self) -> String {
        let why = self.error.source().map(ToString::to_string).unwrap_or_default();
        if why.contains("; expected ") {
            return format!("{}: {why}", self.place());
        }
        format!("{}: `{}`; expected {}", self.place(), self.found(), self.placeholder())
    }

    fn unknown_argument(&self) -> String {
        let found = self.first(ContextKind::InvalidArg);
        if !found.starts_with('-') {
            return self.too_many(&found);
        }
        let found = self.as_written(&found);
        if matches!(&*found, "--version" | "-V") {
            let name = self.known.get_name();
            return format!(
                "unknown option `{found}` of a command; expected it alone; write `{name} {found}`"
            );
        }
        if let Some(owner) = self.owner_of(&found) {
            return format!("unknown option `{found}`; expected it after its command: `{owner}`");
        }
        let options: Vec<String> = long_options(self.command()).collect();
        let mut others = OTHER_NAMES.iter().filter(|(other, _)| *other == found).map(|(_, name)| *name);
        let other_name = others.find(|name| *name == VERSION || options.iter().any(|option| option == name));
        let meant = other_name.or_else(|| nearest(&found, options.iter().map(String::as_str)));
        let advice = meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
        format!("unknown option `{found}`; expected one that {}{advice}", self.help_shows())
    }

    /// An argument that has no place.
    fn too_many(&self, found: &str) -> String {
        let advice = self.option_for(found).map_or_else(String::new, |meant| format!("; write `{meant}`"));
        format!("one argument too many: `{found}`; expected those that {}{advice}", self.help_shows())
    }

    /// The option for which an argument was probably meant.
    fn option_for(&self, found: &str) -> Option<String> {
        let options = || self.command().get_arguments().filter_map(|arg| Some((arg.get_long()?, arg)));
        let has = |name: &str| options().any(|(long, _)| long == name);
        if let Some((long, _)) = options().find(|(_, arg)| choices(arg).iter().any(|choice| choice == found))
        {
            return Some(format!("--{long} {found}"));
        }
        let is_address = listen::address(found).is_ok();
        if has("url") && (is_address || found.contains("://")) {
            let scheme = if found.contains("://") { "" } else { "http://" };
            let host = if found.contains(':') || !is_address { "" } else { "127.0.0.1:" };
            return Some(format!("--url {scheme}{host}{found}"));
        }
        if has("listen") && is_address {
            return Some(format!("--listen {found}"));
        }
        if has("scenario") && (library::text(found).is_some() || is_file_name(found)) {
            return Some(format!("--scenario {found}"));
        }
        (has("fixture") && fixture::names().contains(&found)).then(|| format!("--fixture {found}"))
    }

    /// An option in full: of `-listen` the parser only shows `-l`.
    fn as_written(&self, found: &str) -> String {
        let is_it = |argument: &&String| argument.starts_with(found) && !argument.starts_with("--");
        let whole = self.arguments.iter().find(is_it).filter(|_| !found.starts_with("--"));
        let whole = whole.map_or(found, |argument| argument.split('=').next().unwrap_or_default());
        whole.to_owned()
    }

    /// How to write an option that another command has.
    fn owner_of(&self, option: &str) -> Option<String> {
        let has_it = |command: &&Command| long_options(command).any(|known| known == option);
        let name = self.known.get_name();
        if has_it(&self.known) {
            return Some(format!("{name} serve {option}"));
        }
        self.known.get_subcommands().find(has_it).map(|owner| format!("{name} {} {option}", owner.get_name()))
    }

    fn unknown_command(&self) -> String {
        let found = self.first(ContextKind::InvalidSubcommand);
        let name = self.known.get_name();
        let advice = if found == "version" {
            format!("; write `{name} {VERSION}`")
        } else if library::text(&found).is_some() {
            format!("; write `{name} --scenario {found}`")
        } else if fixture::names().contains(&found.as_str()) {
            format!("; write `{name} --fixture {found}`")
        } else if listen::address(&found).is_ok() {
            format!("; write `{name} --listen {found}`")
        } else if is_file_name(&found) {
            format!("; write `{name} check {found}`, or `{name} --scenario {found}` to run it")
        } else {
            String::new()
        };
        let commands: Vec<&str> = self.known.get_subcommands().map(Command::get_name).collect();
        if advice.is_empty() {
            unknown("command", &found, &commands)
        } else {
            format!("command `{found}`; expected {}{advice}", one_of(&commands))
        }
    }

    fn conflict(&self) -> String {
        let others = self.texts(ContextKind::PriorArg);
        let others: Vec<String> = others.iter().map(|other| format!("`{}`", name_of(other))).collect();
        let command = self.first(ContextKind::InvalidSubcommand);
        if !command.is_empty() && self.known.find_subcommand(&command).is_none() {
            return self.too_many(&command);
        }
        if !command.is_empty() {
            return format!(
                "the command `{command}` after {}; expected the command first",
                others.join(", ")
            );
        }
        let option = self.option();
        if others.is_empty() || others.contains(&format!("`{option}`")) {
            return format!("`{option}` twice; expected it once");
        }
        format!("`{option}` beside {}; expected one of them", others.join(", "))
    }

    fn missing(&self) -> String {
        let missing = self.texts(ContextKind::InvalidArg);
        let first = missing.first().map_or("", String::as_str);
        let name = self.known.get_name();
        let command = self.command().get_name();
        match missing.as_slice() {
            [option] if option.starts_with('-') => {
                format!("`{}` is missing; expected `{}`, too", name_of(option), plain(option))
            }
            _ => format!("nothing after `{name} {command}`; expected {}", self.choices_of(first)),
        }
    }

    /// What a positional argument may be.
    fn choices_of(&self, argument: &str) -> String {
        let found = self.command().get_positionals().find(|known| known.to_string() == argument);
        let choices: Vec<String> = found.map(choices).unwrap_or_default();
        let choices: Vec<&str> = choices.iter().map(String::as_str).collect();
        match plain(argument).strip_suffix("...") {
            Some(several) => format!("{several}, one or more"),
            None if choices.is_empty() => plain(argument),
            None => one_of(&choices),
        }
    }

    /// The option that is wrong, without its placeholder.
    fn option(&self) -> String {
        name_of(&self.first(ContextKind::InvalidArg)).to_owned()
    }

    /// Where the wrong value stood: in an option, or in the variable that stands in for it.
    fn place(&self) -> String {
        let option = self.option();
        let is_it = |argument: &String| {
            argument.strip_prefix(&option).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        };
        if self.arguments.iter().any(is_it) {
            return option;
        }
        match self.arg().and_then(Arg::get_env) {
            Some(variable) => variable.to_string_lossy().into_owned(),
            None if option.starts_with('-') => option,
            None => self.command().get_name().to_owned(),
        }
    }

    /// What stands for the option's value in the help.
    fn placeholder(&self) -> String {
        let shown = self.first(ContextKind::InvalidArg);
        let known = self.arg().and_then(|arg| arg.get_value_names()).and_then(|names| names.first());
        known.map_or_else(|| plain(&shown), ToString::to_string)
    }

    fn arg(&self) -> Option<&'a Arg> {
        let option = self.option();
        let name = option.strip_prefix("--")?;
        self.command().get_arguments().find(|known| known.get_long() == Some(name))
    }

    /// The command that was meant; the first when it is not said.
    fn command(&self) -> &'a Command {
        let named = self.arguments.iter().find_map(|argument| self.known.find_subcommand(argument));
        named.unwrap_or(self.known)
    }

    fn help_shows(&self) -> String {
        let name = self.known.get_name();
        let command = self.command().get_name();
        let command = if command == name { String::new() } else { format!("{command} ") };
        format!("`{name} {command}--help` shows")
    }

    fn found(&self) -> String {
        self.first(ContextKind::InvalidValue)
    }

    fn first(&self, kind: ContextKind) -> String {
        self.texts(kind).into_iter().next().unwrap_or_default()
    }

    fn texts(&self, kind: ContextKind) -> Vec<String> {
        match self.error.get(kind) {
            Some(ContextValue::String(text)) => vec![text.clone()],
            Some(ContextValue::Strings(texts)) => texts.clone(),
            _ => Vec::new(),
        }
    }
}

/// The option that the parser has by itself.
const VERSION: &str = "--version";

/// What other programs call an option of ours, of a server or of a command that asks one.
const OTHER_NAMES: [(&str, &str); 13] = [
    ("--port", "--listen"),
    ("--host", "--listen"),
    ("--bind", "--listen"),
    ("--address", "--listen"),
    ("-p", "--listen"),
    ("--port", "--url"),
    ("--host", "--url"),
    ("--address", "--url"),
    ("-p", "--url"),
    ("--log-level", "--log"),
    ("--log-format", "--log"),
    ("--config", "--scenario"),
    ("-v", VERSION),
];

/// The arguments of this process, without the program's name.
pub(crate) fn arguments() -> Vec<String> {
    let lossy = |argument: OsString| argument.to_string_lossy().into_owned();
    std::env::args_os().skip(1).map(lossy).collect()
}

fn long_options(command: &Command) -> impl Iterator<Item = String> {
    command.get_arguments().filter_map(Arg::get_long).map(|name| format!("--{name}"))
}

/// What an argument may be, if that is a closed list.
fn choices(argument: &Arg) -> Vec<String> {
    let choices = argument.get_possible_values();
    choices.iter().map(|choice| choice.get_name().to_owned()).collect()
}

/// `--listen` of `--listen <ADDRESS:PORT>`.
fn name_of(shown: &str) -> &str {
    shown.split([' ', '=']).next().unwrap_or_default()
}

/// `--tls-key FILE` of `--tls-key <FILE>`.
fn plain(shown: &str) -> String {
    shown.replace(['<', '>'], "")
}

fn is_file_name(text: &str) -> bool {
    let extension = text.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| ["yaml", "yml", "json"].contains(&extension.as_str()))
}
