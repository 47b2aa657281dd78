//! Processes that left a run's group, as daemons do. On Linux they are known by the run's own folder, which stands in the
//! environment that they inherited; elsewhere nobody knows them.

use rustix::process::Pid;

#[cfg(target_os = "linux")]
use super::told::DIR_VARIABLE;

/// The processes that were told that `dir` is theirs.
#[cfg(target_os = "linux")]
pub(super) fn of(dir: &str) -> Vec<Pid> {
    let mark = format!("{DIR_VARIABLE}={dir}");
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let ids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    let is_one = |id: &i32| {
        let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    };
    ids.filter(is_one).filter_map(Pid::from_raw).collect()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn of(_dir: &str) -> Vec<Pid> {
    Vec::new()
}
