//! One file of settings that is read again when it changes.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Larger files are not read: settings are written by people.
const MAX_BYTES: u64 = 1 << 20;

/// A file with what it looked like when it was last read.
#[derive(Debug)]
pub struct WatchedFile {
    path: PathBuf,
    seen: Option<Result<(u64, SystemTime), ErrorKind>>,
}

impl WatchedFile {
    /// The file at `path`, not looked at yet.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), seen: None }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its text where it has changed since the last look, or never was looked at; a failure is told once.
    pub fn look(&mut self) -> Option<io::Result<String>> {
        let found = fs::metadata(&self.path).and_then(|file| Ok((file.len(), file.modified()?)));
        let now = found.as_ref().map(|stamp| *stamp).map_err(io::Error::kind);
        if self.seen == Some(now) {
            return None;
        }
        self.seen = Some(now);
        Some(found.and_then(|(bytes, _)| match bytes {
            0..=MAX_BYTES => fs::read_to_string(&self.path),
            _ => Err(io::Error::new(ErrorKind::FileTooLarge, format!("larger than {MAX_BYTES} bytes"))),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_of_once_for_each_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.json");
        let mut file = WatchedFile::new(&path);
        let mut look = || file.look().map(|text| text.map_err(|error| error.kind()));
        assert_eq!((look(), look()), (Some(Err(ErrorKind::NotFound)), None));
        fs::write(&path, "one").unwrap();
        assert_eq!((look(), look()), (Some(Ok("one".into())), None));
        fs::write(&path, "three").unwrap();
        assert_eq!((look(), look()), (Some(Ok("three".into())), None));
        fs::write(&path, vec![b' '; MAX_BYTES as usize + 1]).unwrap();
        assert_eq!((look(), look()), (Some(Err(ErrorKind::FileTooLarge)), None));
        fs::remove_file(&path).unwrap();
        assert_eq!((look(), look()), (Some(Err(ErrorKind::NotFound)), None));
    }
}
