//! The program itself, as a process on a folder of its own.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

/// Where the program's log goes.
const LOG: &str = "stderr.log";

/// A running server.
pub struct Program {
    child: Child,
    folder: PathBuf,
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// The desk's first access token, where this start made it.
    pub token: Option<String>,
}

/// How a program ended by itself.
pub struct Ended {
    /// Its exit code.
    pub code: Option<i32>,
    /// What it printed.
    pub output: String,
    /// What it wrote to stderr.
    pub log: String,
}

/// Runs a command that should end by itself.
pub fn run(folder: &Path, arguments: &[&str]) -> Ended {
    let output = command(folder, arguments).stdin(Stdio::null()).output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Ended { code: output.status.code(), output: text(output.stdout), log: text(output.stderr) }
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zerodesk"));
    command.current_dir(folder).args(arguments);
    command
}

impl Program {
    /// Starts a server on the folders below `folder` and waits until it listens.
    pub fn start(folder: &Path) -> Self {
        let mut command = command(folder, &["serve", "--listen", "127.0.0.1:0", "--limits", "off"]);
        let log = File::create(folder.join(LOG)).expect("the log");
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let mut token = None;
        let url = lines.find_map(|line| {
            if line.starts_with("access token") {
                token = line.rsplit(' ').next().map(str::to_owned);
            }
            Some(line.strip_prefix("listening on ")?.split(' ').next()?.to_owned())
        });
        Self { child, folder: folder.to_owned(), url: url.expect("it says where it listens"), token }
    }

    /// What it wrote to stderr so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join(LOG)).expect("the log")
    }

    /// Resident memory now, in kB.
    pub fn memory_kb(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs, on Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Ends it without a word.
    pub fn kill(mut self) {
        self.child.kill().expect("SIGKILL");
        self.child.wait().expect("it ended");
    }

    /// Asks it to end, as service managers do.
    pub fn terminate(&self) {
        let kill = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &self.child.id().to_string()]).status();
        assert!(kill.expect("a shell").success());
    }

    /// Waits for its end.
    pub fn ended(mut self) -> ExitStatus {
        self.child.wait().expect("it ended")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Only a test that failed leaves a server behind; one that has ended is not there to kill.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
