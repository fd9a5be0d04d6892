//! Where articles live: today a directory and its watcher.
//!
//! A directory is listed, files are read with a size cap, changes are noticed. It follows no
//! symbolic link out of its root and looks at no hidden file. It does not know what is in a file.

mod watched;
mod watcher;

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use walkdir::{DirEntry, WalkDir};

pub use watched::WatchedFile;
pub use watcher::{Changes, Watcher};

use crate::article::{MAX_ARTICLE_BYTES, Problem, ProblemCode, Severity};

/// A folder of Markdown files.
#[derive(Debug, Clone)]
pub struct Directory {
    root: PathBuf,
}

/// One file of the folder, as it is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Path below the root with `/` between parts.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Time of the last change, in nanoseconds since 1970.
    pub modified_ns: i64,
}

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Scan {
    /// Markdown files by path.
    pub files: Vec<SourceFile>,
    /// Files and folders that cannot be used.
    pub problems: Vec<Problem>,
}

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It is not there, or not readable.
    #[error("articles folder {path}: {source}; create it, or name another with --articles")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// It is a file.
    #[error("articles folder {path} is a file; name the folder that it is in with --articles")]
    NotAFolder {
        /// The file.
        path: PathBuf,
    },
    /// Another folder has taken its place, with nothing in it.
    #[error("articles folder {path} was replaced by an empty one; mount it again, or put the articles into it")]
    Emptied {
        /// The folder.
        path: PathBuf,
    },
    /// It cannot be watched.
    #[error("watching {path}: {reason}; set [watch] mode = \"poll\", or raise fs.inotify.max_user_watches")]
    Watch {
        /// The folder.
        path: PathBuf,
        /// What the watcher says.
        reason: String,
    },
}

impl Directory {
    /// Checks that `root` is a readable folder.
    pub fn open(root: &Path) -> Result<Self, SourceError> {
        let fault = |source| SourceError::Folder { path: root.to_owned(), source };
        if !fs::metadata(root).map_err(fault)?.is_dir() {
            return Err(SourceError::NotAFolder { path: root.to_owned() });
        }
        fs::read_dir(root).map_err(fault)?;
        Ok(Self { root: root.to_owned() })
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Lists all Markdown files, by path.
    ///
    /// # Errors
    /// The root itself cannot be listed; anything below it that cannot is a problem in the result.
    pub fn scan(&self) -> Result<Scan, SourceError> {
        let fault = |source| SourceError::Folder { path: self.root.clone(), source };
        let inside = self.root.canonicalize().map_err(fault)?;
        fs::read_dir(&self.root).map_err(fault)?;
        let mut scan = Scan::default();
        // Links to folders are not followed: their files are either found where they are, or outside.
        for entry in WalkDir::new(&self.root).sort_by_file_name().into_iter().filter_entry(is_visible) {
            match entry {
                Ok(entry) if !is_markdown(entry.path()) || entry.file_type().is_dir() => {}
                Ok(entry) if entry.path_is_symlink() => self.look(entry.path(), &inside, &mut scan),
                // What is no link is where it is listed; asking the system for its real path took most of a start.
                Ok(entry) => match entry.metadata().map_err(io::Error::from) {
                    Ok(metadata) => scan.add(self.relative(entry.path()), &metadata),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => scan.problems.push(unreadable(self.relative(entry.path()), &error)),
                },
                Err(error) => {
                    let path = error.path().map_or_else(String::new, |path| self.relative(path));
                    scan.problems.push(unreadable(path, &error));
                }
            }
        }
        scan.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(scan)
    }

    /// The file at a path below the root, if it is there and may be used.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<SourceFile> {
        let hidden = path.split('/').any(|part| part.starts_with('.'));
        let full = self.root.join(path);
        if hidden || !is_markdown(&full) {
            return None;
        }
        let mut scan = Scan::default();
        self.look(&full, &self.root.canonicalize().ok()?, &mut scan);
        scan.files.pop()
    }

    fn look(&self, full: &Path, inside: &Path, scan: &mut Scan) {
        let path = self.relative(full);
        match full.canonicalize().and_then(|target| Ok((fs::metadata(&target)?, target))) {
            Ok((_, target)) if !target.starts_with(inside) => scan.problems.push(Problem {
                message: format!("links to {}, which is outside of the articles folder", target.display()),
                help: "copy the file into the folder".into(),
                ..unreadable(path, &"link")
            }),
            Ok((metadata, _)) => scan.add(path, &metadata),
            // Gone between listing and looking: the next look sees it.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !full.is_symlink() => {}
            Err(error) => scan.problems.push(unreadable(path, &error)),
        }
    }

    /// Reads a file, at most one byte more than an article may have.
    ///
    /// # Errors
    /// The operating system's; the file may have gone since it was listed.
    pub fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(self.root.join(path))?.take(MAX_ARTICLE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The full path of a file that articles refer to, such as a picture, if it is inside the root.
    #[must_use]
    pub fn resolve(&self, path: &str) -> Option<PathBuf> {
        if path.split('/').any(|part| part.is_empty() || part.starts_with('.')) {
            return None;
        }
        let full = self.root.join(path).canonicalize().ok()?;
        full.starts_with(self.root.canonicalize().ok()?).then_some(full)
    }

    fn relative(&self, full: &Path) -> String {
        let below = full.strip_prefix(&self.root).unwrap_or(full);
        let mut path = String::with_capacity(below.as_os_str().len());
        for part in below {
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(&part.to_string_lossy());
        }
        path
    }
}

impl Scan {
    fn add(&mut self, path: String, metadata: &fs::Metadata) {
        if metadata.is_file() {
            let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            let modified_ns = modified.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX));
            self.files.push(SourceFile { path, size: metadata.len(), modified_ns });
        }
    }
}

/// A problem for a path that cannot be read.
#[must_use]
pub fn unreadable(path: String, reason: &dyn std::fmt::Display) -> Problem {
    Problem {
        path,
        line: 1,
        column: 1,
        severity: Severity::Error,
        code: ProblemCode::Unreadable,
        message: format!("cannot be read: {reason}"),
        help: "give the server the right to read it, or remove it".into(),
    }
}

fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("md") || ending.eq_ignore_ascii_case("markdown"))
}

fn is_visible(entry: &DirEntry) -> bool {
    entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> (tempfile::TempDir, Directory) {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "text").unwrap();
        }
        let directory = Directory::open(dir.path()).unwrap();
        (dir, directory)
    }

    fn paths(directory: &Directory) -> Vec<String> {
        directory.scan().unwrap().files.into_iter().map(|file| file.path).collect()
    }

    #[test]
    fn only_visible_markdown_files_are_listed() {
        let (_dir, directory) = folder(&["b.md", "a/c.MARKDOWN", ".git/x.md", ".hidden.md", "a/b.txt", "a.md.bak"]);
        assert_eq!(paths(&directory), ["a/c.MARKDOWN", "b.md"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_inside_the_root_only() {
        use std::os::unix::fs::symlink;
        let (dir, directory) = folder(&["real/a.md"]);
        let (outside, _) = folder(&["secret.md"]);
        symlink(outside.path().join("secret.md"), dir.path().join("out.md")).unwrap();
        symlink(dir.path().join("real/a.md"), dir.path().join("in.md")).unwrap();
        symlink(outside.path(), dir.path().join("folder")).unwrap();
        symlink(dir.path(), dir.path().join("loop")).unwrap();
        symlink(dir.path().join("nowhere"), dir.path().join("dangling.md")).unwrap();
        assert_eq!(paths(&directory), ["in.md", "real/a.md"]);
        let problems = directory.scan().unwrap().problems;
        let named: Vec<_> = problems.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(named, ["dangling.md", "out.md"]);
        for path in ["out.md", "folder/secret.md", "../x", ".git/config", "real/../../x", "/etc/passwd"] {
            assert_eq!(directory.resolve(path), None, "{path}");
        }
        assert!(directory.resolve("real/a.md").is_some());
    }

    #[test]
    fn a_folder_that_cannot_be_used_says_why() {
        let (dir, _) = folder(&["a.md"]);
        let message = |path: &str| Directory::open(&dir.path().join(path)).unwrap_err().to_string();
        assert!(message("nowhere").contains("--articles"));
        assert!(message("a.md").contains("is a file"));
    }
}
