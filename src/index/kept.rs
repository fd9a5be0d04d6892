//! All entries in one file beside the index, so that a start need not collect them from the stored documents.
//!
//! An entry is stored in front of its article's Markdown, so reading every one means going through the whole index,
//! which took longer than all the rest of a start. This file is a copy that nothing depends on: an entry of it counts
//! only as long as the index holds its very identity, what is missing is read where it is stored, and a damaged file is
//! as good as none. It is never written for a saved article, only when [`MANY`] have come together.

use std::{io::Write, path::Path, sync::Arc};

use tantivy::directory::{Directory, TerminatingWrite};

use super::{Entry, IndexError, snapshot::on_all_processors};

/// The dot keeps the engine from taking it for a file of its own, and removing it.
const NAME: &str = ".entries";
/// So many entries that had to be read from documents make the file worth writing.
pub(super) const MANY: usize = 500;

/// The entries as they were last written, one JSON object a line; none where there is no file, or a damaged one.
pub(super) fn read(engine: &tantivy::Index) -> Vec<Arc<Entry>> {
    let (directory, path) = (engine.directory(), Path::new(NAME));
    if !directory.validate_checksum(path).is_ok_and(|sound| sound) {
        return Vec::new();
    }
    let Some(bytes) = directory.open_read(path).ok().and_then(|file| file.read_bytes().ok()) else {
        return Vec::new();
    };
    let lines: Vec<&[u8]> = bytes.as_slice().split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let parse = |line: &&[u8]| Ok(Arc::new(serde_json::from_slice(line)?));
    let parse = |lines: &[&[u8]]| lines.iter().map(parse).collect();
    on_all_processors(&lines, parse).unwrap_or_default()
}

/// Writes the entries in place of those before. A crash half-way leaves a file without its checksum.
///
/// # Errors
/// The disk is full or gone.
pub(super) fn write<'a>(
    engine: &tantivy::Index,
    entries: impl Iterator<Item = &'a Arc<Entry>>,
) -> Result<(), IndexError> {
    let (directory, path) = (engine.directory(), Path::new(NAME));
    // Mostly there is one; where it stays, it cannot be opened for writing.
    drop(directory.delete(path));
    let mut file = directory.open_write(path).map_err(tantivy::TantivyError::from)?;
    for entry in entries {
        serde_json::to_writer(&mut file, &**entry)?;
        file.write_all(b"\n")?;
    }
    Ok(file.terminate()?)
}
