//! The program `cofferdam`.

use std::process::ExitCode;

fn main() -> ExitCode {
    cofferdam::main()
}
