//! The exit code of a drill, and why it is that.

use super::course::Drill;
use super::judge::Broken;
use super::report::{Conclusion, Mark, ScenarioReport};

/// What the exit codes of a drill mean.
mod code {
    pub(super) const NOTHING_FOUND: u8 = 0;
    pub(super) const FOUND: u8 = 1;
    pub(super) const INCONCLUSIVE: u8 = 3;
    pub(super) const INTERRUPTED: u8 = 130;
}

/// How a drill ended. What was found beats what is not known; an interruption beats both.
pub(super) fn conclude(drill: &Drill, scenarios: &[ScenarioReport], broken: &[Broken<'_>]) -> Conclusion {
    let settings = &drill.settings;
    let is_interrupted = drill.is_interrupted;
    let conclusion = |exit_code, why: String| Conclusion { exit_code, why, is_interrupted };
    if is_interrupted {
        return conclusion(code::INTERRUPTED, "It was interrupted; this is what there is.".to_owned());
    }
    let failed = broken.iter().filter(|broken| broken.severity >= settings.fail_on).count();
    if failed > 0 {
        let level = match settings.fail_on {
            Mark::Note => "note",
            Mark::Warning => "warning",
            _ => "error",
        };
        let beyond = if settings.fail_on == Mark::Error { "" } else { " or worse" };
        let findings = if failed == 1 { "1 finding is".to_owned() } else { format!("{failed} findings are") };
        return conclusion(code::FOUND, format!("{findings} at the level {level}{beyond}."));
    }
    let doubt = |why: String| {
        let code = if settings.is_strict { code::FOUND } else { code::INCONCLUSIVE };
        conclusion(code, why)
    };
    if let Some(trouble) = &drill.trouble {
        return doubt(trouble.clone());
    }
    let unknown = scenarios.iter().filter(|scenario| scenario.mark == Mark::Inconclusive);
    let names: Vec<&str> = unknown.map(|scenario| scenario.scenario.as_str()).collect();
    if !names.is_empty() {
        return doubt(format!("Nothing is known of {}.", names.join(", ")));
    }
    let judged = scenarios.iter().filter(|scenario| scenario.mark != Mark::NotApplicable).count();
    if judged == 0 {
        return doubt("No scenario applies to what the command does, so that nothing was tried.".to_owned());
    }
    conclusion(code::NOTHING_FOUND, "Nothing was found at the level that fails a drill.".to_owned())
}
