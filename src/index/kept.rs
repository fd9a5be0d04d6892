//! All entries in one file beside the index, so that a start need not collect them from the stored documents.
//!
//! An entry is stored in front of its article's Markdown, so reading every one means going through the whole index,
//! which took longer than all the rest of a start. This file is a copy that nothing depends on: an entry of it counts
//! only as long as the index holds its very identity, what is missing is read where it is stored, and a damaged file is
//! as good as none. It is never written for a saved article, only when [`MANY`] have come together. It is `MessagePack`,
//! because reading it is most of a start, and JSON takes twice as long.

use std::{
    io::{self, Write},
    iter,
    path::Path,
    sync::Arc,
};

use tantivy::directory::{Directory, TerminatingWrite};

use super::{Entry, IndexError, snapshot::on_all_processors};

/// The dot keeps the engine from taking it for a file of its own, and removing it.
const NAME: &str = ".entries";
/// So many entries that had to be read from documents make the file worth writing.
pub(super) const MANY: usize = 500;

/// The entries as they were last written; none where there is no file, or a damaged one.
pub(super) fn read(engine: &tantivy::Index) -> Vec<Arc<Entry>> {
    let (directory, path) = (engine.directory(), Path::new(NAME));
    if !directory.validate_checksum(path).is_ok_and(|sound| sound) {
        return Vec::new();
    }
    let Some(bytes) = directory.open_read(path).ok().and_then(|file| file.read_bytes().ok()) else {
        return Vec::new();
    };
    let mut left = bytes.as_slice();
    let parts: Vec<&[u8]> = iter::from_fn(|| next(&mut left)).collect();
    let parse = |part: &&[u8]| Ok(Arc::new(rmp_serde::from_slice(part).map_err(io::Error::other)?));
    let parse = |parts: &[&[u8]]| parts.iter().map(parse).collect();
    on_all_processors(&parts, parse).unwrap_or_default()
}

/// The next entry: its length in four bytes, little endian, and so many bytes.
fn next<'a>(left: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = left.split_first_chunk()?;
    let (entry, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *left = rest;
    Some(entry)
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
        let bytes = rmp_serde::to_vec(&**entry).map_err(io::Error::other)?;
        file.write_all(&(bytes.len() as u32).to_le_bytes())?;
        file.write_all(&bytes)?;
    }
    Ok(file.terminate()?)
}
