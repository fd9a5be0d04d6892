//! One server for each data folder, kept by a lock file that the operating system releases.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

use super::StoreError;

/// Name of the lock file inside the data folder.
const FILE: &str = "zerodesk.lock";

/// The right to serve from a data folder; given back when dropped, or when the process ends in any way.
///
/// Commands that only add a row (`zerodesk agent add`) do not take it: they work while a server runs.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
}

impl DataLock {
    /// Takes the lock of the data folder `dir`, which is made when missing.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process holds it, [`StoreError::Folder`] when the folder cannot be used.
    pub fn acquire(dir: &Path) -> Result<Self, StoreError> {
        let folder = |source| StoreError::Folder { dir: dir.into(), source };
        fs::create_dir_all(dir).map_err(folder)?;
        let file = File::options().create(true).truncate(false).write(true).open(dir.join(FILE)).map_err(folder)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse { dir: dir.into() }),
            Err(TryLockError::Error(source)) => Err(folder(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_server_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("new/data");
        let first = DataLock::acquire(&data).unwrap();
        let refused = DataLock::acquire(&data).unwrap_err();
        assert!(matches!(refused, StoreError::InUse { .. }));
        assert!(refused.to_string().contains("--data"), "{refused}");
        drop(first);
        DataLock::acquire(&data).unwrap();
    }

    #[test]
    fn a_file_in_place_of_the_folder_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data");
        fs::write(&path, "").unwrap();
        let refused = DataLock::acquire(&path).unwrap_err().to_string();
        assert!(refused.contains(&*path.to_string_lossy()), "{refused}");
    }
}
