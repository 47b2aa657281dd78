//! A shell that runs the blocks of a page as people paste them: section by section, each section by itself and beside a
//! server of its own. A variable that a section does not set is a mistake; so is a command that fails.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::page::{Block, Page};
use super::served::Servers;

/// What runs the blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shell {
    Bash,
    PowerShell,
}

/// What a block did.
#[derive(Debug, Default)]
pub(super) struct Ran {
    /// What it printed; of a block that starts a server, what that printed.
    pub(super) printed: String,
    /// The statuses that its `curl` commands were answered with.
    pub(super) statuses: Vec<u16>,
}

/// A program in a folder of `PATH`.
pub(super) fn on_the_path(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    let name = format!("{name}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&folders).map(|folder| folder.join(&name)).find(|program| program.is_file())
}

/// Says past the test's captured output that something was not run.
pub(super) fn say_not_run(what: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "not run: {what}: {why}");
}

impl Shell {
    /// The program, if this machine has it: `pwsh` by `SYNC_GROUP_SIM_TESTS_PWSH`, by `PWSH`, or on the `PATH`.
    pub(super) fn program(self) -> Option<PathBuf> {
        if self == Self::Bash {
            // The blocks call curl. A bash on Windows reads paths of its own.
            let has_both = cfg!(unix) && on_the_path("curl").is_some();
            return has_both.then(|| on_the_path("bash")).flatten();
        }
        let named = |name| env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        named("SYNC_GROUP_SIM_TESTS_PWSH").or_else(|| named("PWSH")).or_else(|| on_the_path("pwsh"))
    }

    /// What is said when there is no such program.
    pub(super) fn missing(self) -> &'static str {
        match self {
            Self::Bash => "there are no bash and curl on the PATH",
            Self::PowerShell => {
                "no pwsh is named by SYNC_GROUP_SIM_TESTS_PWSH or PWSH, and none is on the PATH"
            }
        }
    }

    /// Whether a block is for this shell.
    pub(super) fn takes(self, block: &Block) -> bool {
        match self {
            Self::Bash => ["sh", "shell"].contains(&block.language.as_str()),
            Self::PowerShell => ["powershell", "shell"].contains(&block.language.as_str()),
        }
    }

    fn head(self) -> &'static str {
        match self {
            Self::Bash => {
                "set -euo pipefail\n\
                 curl() { command curl --max-time 20 -w '%{stderr}status %{http_code}\\n' \"$@\"; }\n"
            }
            Self::PowerShell => {
                "$ErrorActionPreference = 'Stop'\n$ProgressPreference = 'SilentlyContinue'\n\
                 $PSNativeCommandUseErrorActionPreference = $true\nSet-StrictMode -Version Latest\n"
            }
        }
    }

    /// What is said before a block: its line, on both outputs.
    fn mark(self, line: usize) -> String {
        match self {
            Self::Bash => format!("echo '== {line}'; echo '== {line}' >&2\n"),
            Self::PowerShell => {
                format!("Write-Output '== {line}'; [Console]::Error.WriteLine('== {line}')\n")
            }
        }
    }

    fn set(self, name: &str, value: &str) -> String {
        match self {
            Self::Bash => format!("export {name}='{value}'\n"),
            Self::PowerShell => format!("$env:{name} = '{value}'\n"),
        }
    }

    /// A part with variables of its own.
    fn apart(self, text: &str) -> String {
        match self {
            Self::Bash => format!("(\n{text}\n)\n"),
            Self::PowerShell => {
                format!("& {{\nRemove-Item Env:SAIL_* -ErrorAction Ignore\n{text}\n}}\n")
            }
        }
    }

    fn command(self, program: &Path, script: &Path) -> Command {
        let mut command = Command::new(program);
        if self == Self::PowerShell {
            command.args(["-NoProfile", "-NonInteractive", "-File"]);
        }
        command.arg(script);
        command
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Bash => "sh",
            Self::PowerShell => "ps1",
        }
    }

    /// Runs a page's blocks but for those that `is_left_out`; returns what each did, by its line.
    pub(super) fn run(
        self,
        program: &Path,
        page: &Page,
        is_left_out: impl Fn(&Block) -> bool,
    ) -> BTreeMap<usize, Ran> {
        let folder = folder(&format!("documents-{}", self.ending()), page);
        let mut servers = Servers::new(&folder);
        let mut script = self.head().to_owned();
        for section in page.sections() {
            let mut part = String::new();
            servers.stop_using();
            for block in section.iter().filter(|block| self.takes(block) && !is_left_out(block)) {
                if !servers.starts_one(block) {
                    let url = servers.url();
                    part += &self.mark(block.line);
                    part += &self.set("SYNC_GROUP_SIM_URL", &url);
                    part += &servers.at_its_address(&block.text);
                }
            }
            if !part.is_empty() {
                script += &self.apart(&part);
            }
        }
        let path = folder.join(format!("page.{}", self.ending()));
        fs::write(&path, script).unwrap();
        let (is_done, stdout, stderr) = to_its_end(self.command(program, &path), &folder);
        let last = stderr.lines().filter_map(|line| line.strip_prefix("== ")).next_back().unwrap_or("1");
        assert!(is_done, "{}:{last}: this block failed in {self:?}:\n{stdout}\n{stderr}", page.path);
        let mut ran = servers.into_printed();
        for (line, printed) in by_block(&stdout) {
            ran.entry(line).or_default().printed = printed;
        }
        for (line, said) in by_block(&stderr) {
            let statuses = said.lines().filter_map(|line| line.strip_prefix("status ")?.parse().ok());
            ran.entry(line).or_default().statuses = statuses.collect();
        }
        ran
    }
}

/// Runs a command in a folder: whether it succeeded, and what it wrote. It is read from files, and what is left of its group
/// is ended: a server that a block started, and that a failure kept it from ending, would hold a pipe open for ever.
fn to_its_end(mut command: Command, folder: &Path) -> (bool, String, String) {
    let [stdout, stderr] = ["stdout", "stderr"].map(|name| folder.join(name));
    let [to_stdout, to_stderr] = [&stdout, &stderr].map(|path| fs::File::create(path).unwrap());
    without_our_variables(&mut command).current_dir(folder).stdin(Stdio::null());
    command.stdout(to_stdout).stderr(to_stderr);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let status = child.wait().unwrap();
    if cfg!(unix) {
        let group = format!("-{}", child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
    }
    let text = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap()).replace("\r\n", "\n");
    (status.success(), text(&stdout), text(&stderr))
}

/// A new folder with the files that a page has people write.
pub(super) fn folder(name: &str, page: &Page) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name).join(page.path.replace(['/', '.'], "-"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for (name, block) in page.blocks.iter().filter_map(|block| Some((block.file_name()?, block))) {
        fs::write(folder.join(name), &block.text).unwrap();
    }
    folder
}

/// The developer's settings must not influence the test, and the program that is tested comes first on the `PATH`.
pub(super) fn without_our_variables(command: &mut Command) -> &mut Command {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("SYNC_GROUP_SIM_") || text.starts_with("SAIL_") {
            command.env_remove(&name);
        }
    }
    let ours = Path::new(env!("CARGO_BIN_EXE_sync-group-sim")).parent().unwrap().to_owned();
    let others = env::var_os("PATH").unwrap_or_default();
    let folders: OsString = env::join_paths(std::iter::once(ours).chain(env::split_paths(&others))).unwrap();
    command.env("PATH", folders).env("POWERSHELL_TELEMETRY_OPTOUT", "1").env("CHECKPOINT_DISABLE", "1")
}

/// What was written after each mark.
fn by_block(output: &str) -> Vec<(usize, String)> {
    let parts = format!("\n{output}");
    let parts = parts.split("\n== ").skip(1).filter_map(|part| part.split_once('\n'));
    parts.filter_map(|(line, text)| Some((line.trim().parse().ok()?, text.to_owned()))).collect()
}
