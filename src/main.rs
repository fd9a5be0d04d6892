//! Command line in, exit code out.

fn main() -> std::process::ExitCode {
    zerodesk::cli::main()
}
