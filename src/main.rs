//! The binary: parse, build, run, wait. What a command does is in `commands/`, the command line in `cli.rs`,
//! `tenant_args.rs`, `limit_args.rs`, `drill_args.rs` and `server_args.rs`, what is wrong with it in `cli/`, the files it
//! names in `files.rs` and `text_file.rs`, those it makes in `own_files.rs`, the log in `log/`, the memory in
//! `allocator.rs`, the simulator in the library.

mod allocator;
mod cli;
mod commands;
mod drill_args;
mod files;
mod limit_args;
mod log;
mod own_files;
mod server_args;
mod tenant_args;
mod text_file;

use std::process::ExitCode;

fn main() -> ExitCode {
    allocator::give_back_soon();
    let read = cli::Cli::read().map_err(commands::Failure::Usage);
    match read.and_then(commands::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let told = failure.to_string();
            if !told.is_empty() {
                eprintln!("{told}");
            }
            failure.exit_code()
        }
    }
}
