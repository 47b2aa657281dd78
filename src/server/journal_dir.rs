//! A folder that keeps the journals of tenants that are no more: each as the control API shows it, and as an HTTP archive.
//! What is there already is never written to, and a file has its name once it is complete.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::wall_now;
use crate::journal::{Filter, Form};
use crate::tenant::Tenant;
use crate::world::World;

/// How many files of one tenant's name and incarnation a folder has at most: one for each run of a server.
const RUNS: usize = 100_000;

/// A folder that keeps the journals of tenants that are no more.
#[derive(Clone, Debug)]
pub struct JournalDir(PathBuf);

impl JournalDir {
    /// Opens a folder, which is made if it is not there. Fails where no files may be made.
    pub fn open(folder: &Path) -> Result<Self, String> {
        let name = folder.display();
        let cannot = |error: io::Error| {
            format!("{name}: {}; expected a folder where files may be made", in_words(error.kind()))
        };
        fs::create_dir_all(folder).map_err(cannot)?;
        let opened = Self(folder.to_owned());
        drop(opened.unfinished("try").map_err(cannot)?);
        Ok(opened)
    }

    /// Keeps a tenant's journal, unless it is empty.
    pub(super) fn keep(&self, tenant: &Tenant) -> Result<(), String> {
        if tenant.journal_bytes() == 0 {
            return Ok(());
        }
        let stem = format!("{}-{}", tenant.name(), tenant.incarnation());
        self.write(tenant, &stem).map_err(|error| {
            let folder = self.0.display();
            format!(
                "{folder}: the journal of tenant `{}` cannot be kept: {}",
                tenant.name(),
                in_words(error.kind())
            )
        })
    }

    /// Keeps the journals of all tenants; returns what went wrong.
    pub(super) fn keep_all(&self, world: &World) -> Result<(), String> {
        let failures: Vec<_> = world.tenants().iter().filter_map(|tenant| self.keep(tenant).err()).collect();
        if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
    }

    fn write(&self, tenant: &Tenant, stem: &str) -> io::Result<()> {
        let journal = self.listed(tenant, Form::Journal, stem)?;
        let archive = self.listed(tenant, Form::Archive, stem)?;
        for run in 1..=RUNS {
            // Names of tenants have no dots, so no other tenant's file is called so.
            let stem = if run == 1 { stem.to_owned() } else { format!("{stem}.{run}") };
            let path = |extension: &str| self.0.join(format!("{stem}.{extension}"));
            if !journal.takes(&path("json"))? {
                continue;
            }
            if archive.takes(&path("har"))? {
                return Ok(());
            }
            // The two belong together.
            fs::remove_file(path("json"))?;
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    /// A journal in one of its forms, under a name that nobody looks for.
    fn listed(&self, tenant: &Tenant, form: Form, stem: &str) -> io::Result<Unfinished> {
        let unfinished = self.unfinished(stem)?;
        let mut file = BufWriter::new(&unfinished.file);
        let wall = wall_now();
        let (mut listing, mut page) = tenant.begin_listing(form, &Filter::default(), wall);
        loop {
            let is_over = tenant.next_page(&mut listing, &mut page, wall);
            file.write_all(page.as_bytes())?;
            if is_over {
                break;
            }
            page.clear();
        }
        file.flush()?;
        drop(file);
        Ok(unfinished)
    }

    fn unfinished(&self, stem: &str) -> io::Result<Unfinished> {
        for nth in 0..RUNS {
            let path = self.0.join(format!(".{stem}.{}-{nth}", std::process::id()));
            match new_file(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                made => return made.map(|file| Unfinished { path, file }),
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }
}

/// Keeps the journal of a tenant that was deleted, where a folder was named for that. It is deleted all the same when that
/// fails.
pub(crate) fn keep_journal(journals: Option<&JournalDir>, ended: &Tenant) {
    if let Some(Err(error)) = journals.map(|journals| journals.keep(ended)) {
        tracing::error!(%error, "a journal was not kept (--journal-dir)");
    }
}

/// A file that has no name of its own yet. It is removed when this is dropped.
struct Unfinished {
    path: PathBuf,
    file: File,
}

impl Unfinished {
    /// Gives the file a name, unless that is taken; returns whether it has it now.
    fn takes(&self, name: &Path) -> io::Result<bool> {
        match fs::hard_link(&self.path, name) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            // Not every drive has a second name for a file: there the name is taken first, and then filled.
            Err(_) => match new_file(name) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
                made => made.and_then(|_| fs::copy(&self.path, name)).map(|_| true),
            },
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// A file that was not there; a link in its place is not followed.
fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

fn in_words(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => "no folder",
        ErrorKind::PermissionDenied => "not open to this user",
        ErrorKind::ReadOnlyFilesystem => "on a drive that is read-only",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the drive is full",
        _ => "cannot be written to",
    }
}
