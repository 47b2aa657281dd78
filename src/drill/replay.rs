//! The command line that repeats a run.

use super::course::Settings;

/// The command line that runs these scenarios again under a seed; those named are as `--only` takes them.
pub(super) fn line(settings: &Settings, only: Option<&str>, seed: u64) -> String {
    let mut words = vec!["sync-group-sim".to_owned(), "drill".to_owned()];
    if let Some(only) = only {
        words.extend(["--only".to_owned(), only.to_owned()]);
    }
    words.extend(["--seed".to_owned(), seed.to_string()]);
    words.extend(settings.options.iter().cloned());
    words.push("--".to_owned());
    words.extend(settings.command.iter().cloned());
    words.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" ")
}

/// A text as one word of a shell command; plain words stay as they are.
pub fn shell_word(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:/=,@%+".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}
