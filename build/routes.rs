//! Which paths lead to which operations, as the tables that the router walks.

use super::super::facts::{Branch, List, METHODS, MOST_PATH_PARAMETERS, MOST_PIECES, Segment, Template};
use super::openapi::Method;
use super::read::leak;

/// The branches of a service while they grow.
#[derive(Default)]
pub(super) struct Routes {
    branches: Vec<Growing>,
}

struct Growing {
    first: String,
    is_unversioned: bool,
    templates: Vec<Template>,
}

impl Routes {
    /// Adds an operation, the `operation`-th, at a path.
    pub(super) fn add(
        &mut self,
        path: &str,
        method: usize,
        operation: usize,
        is_unversioned: bool,
    ) -> Result<(), String> {
        let (first, segments, names) = parts(path)?;
        let template = self.template(&first, is_unversioned, segments, path)?;
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        if template.operations == [None; METHODS.len()] {
            template.parameters = List(leak_list(names.into_iter().map(leak).collect()));
        } else if *template.parameters != known[..] {
            return Err(format!("path `{path}` differs from another only in the names of its parameters"));
        }
        if template.not_simulated[method] {
            return Err(format!("path `{path}` is simulated and not simulated; expected one of these"));
        }
        template.operations[method] = Some(operation);
        Ok(())
    }

    /// Adds a path at which the service does more than is simulated.
    pub(super) fn add_not_simulated(&mut self, path: &str, methods: &[Method]) -> Result<(), String> {
        let (first, segments, _) = parts(path)?;
        let template = self.template(&first, false, segments, path)?;
        for method in methods {
            if template.operations[method.place()].is_some() {
                return Err(format!("path `{path}` is simulated and not simulated; expected one of these"));
            }
            template.not_simulated[method.place()] = true;
        }
        Ok(())
    }

    fn template(
        &mut self,
        first: &str,
        is_unversioned: bool,
        segments: Vec<Segment>,
        path: &str,
    ) -> Result<&mut Template, String> {
        let index = self.branches.iter().position(|branch| branch.first == first).unwrap_or_else(|| {
            self.branches.push(Growing { first: first.to_owned(), is_unversioned, templates: Vec::new() });
            self.branches.len() - 1
        });
        let branch = &mut self.branches[index];
        if branch.is_unversioned != is_unversioned {
            return Err(format!("path `{path}` begins like another that has a version where it has none"));
        }
        let templates = &mut branch.templates;
        let index = templates.iter().position(|known| *known.segments == segments[..]).unwrap_or_else(|| {
            templates.push(Template {
                segments: List(leak_list(segments)),
                parameters: List(&[]),
                operations: [None; METHODS.len()],
                not_simulated: [false; METHODS.len()],
            });
            templates.len() - 1
        });
        Ok(&mut templates[index])
    }

    /// The finished tables, with a version and without: in each branch, literal segments come before parameters.
    pub(super) fn finish(self) -> (List<Branch>, List<Branch>) {
        let (unversioned, versioned): (Vec<_>, Vec<_>) =
            self.branches.into_iter().partition(|branch| branch.is_unversioned);
        (finished(versioned), finished(unversioned))
    }
}

/// The first segment of a path, the others, and the names of the parameters.
fn parts(path: &str) -> Result<(String, Vec<Segment>, Vec<String>), String> {
    let mut pieces = path.strip_prefix('/').unwrap_or_default().split('/');
    let first = pieces.next().unwrap_or_default().to_owned();
    if first.is_empty() || first.starts_with('{') {
        return Err(format!("path `{path}`; expected `/` and a name"));
    }
    let rest: Vec<&str> = pieces.collect();
    if rest.len() + 2 >= MOST_PIECES {
        return Err(format!("path `{path}` is longer than {} segments", MOST_PIECES - 2));
    }
    let name = |piece: &str| piece.strip_prefix('{')?.strip_suffix('}').map(str::to_owned);
    let names: Vec<String> = rest.iter().filter_map(|piece| name(piece)).collect();
    if names.len() > MOST_PATH_PARAMETERS {
        return Err(format!("path `{path}` has more than {MOST_PATH_PARAMETERS} parameters"));
    }
    let segment = |piece: &&str| match name(piece) {
        Some(_) => Segment::Parameter,
        None => Segment::Literal(leak((*piece).to_owned())),
    };
    let segments: Vec<Segment> = rest.iter().map(segment).collect();
    Ok((first, segments, names))
}

fn finished(branches: Vec<Growing>) -> List<Branch> {
    let branches = branches.into_iter().map(|mut branch| {
        branch.templates.sort_by_key(|template| {
            template.segments.iter().map(|segment| *segment == Segment::Parameter).collect::<Vec<_>>()
        });
        Branch { first: leak(branch.first), templates: List(leak_list(branch.templates)) }
    });
    List(leak_list(branches.collect()))
}

/// A list that lives as long as the program.
pub(super) fn leak_list<T>(items: Vec<T>) -> &'static [T] {
    Box::leak(items.into_boxed_slice())
}
