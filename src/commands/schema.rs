//! `sync-group-sim schema`: prints the JSON Schema of a file format.

use sync_group_sim::{fixture, scenario};

use super::{Outcome, print};
use crate::cli::FileFormat;

pub(super) fn schema(format: FileFormat) -> Outcome {
    let schema = match format {
        FileFormat::Scenario => scenario::SCHEMA,
        FileFormat::Fixture => fixture::SCHEMA,
    };
    print(schema.trim_end())
}
