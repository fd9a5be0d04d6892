//! Changes to the index, gathered into commits.

use tantivy::{IndexWriter, Term};

use super::{Generation, IndexError, Record, schema::Fields};

/// Replaces and removes articles; nothing shows before [`Writer::commit`].
pub struct Writer {
    engine: IndexWriter,
    fields: Fields,
    generation: Generation,
}

impl Writer {
    pub(super) fn new(engine: IndexWriter, fields: Fields, generation: Generation) -> Self {
        Self { engine, fields, generation }
    }

    /// Puts an article whose path the index does not hold yet.
    pub fn add(&mut self, record: &Record) -> Result<(), IndexError> {
        for document in record.documents(&self.fields)? {
            self.engine.add_document(document)?;
        }
        Ok(())
    }

    /// Removes the article with this path, if there is one.
    pub fn remove(&mut self, path: &str) {
        self.engine.delete_term(Term::from_field_text(self.fields.path, path));
    }

    /// Removes everything, without reading it.
    pub fn clear(&mut self) -> Result<(), IndexError> {
        self.engine.delete_all_documents()?;
        Ok(())
    }

    /// Makes the changes last; `hash` stands for all paths and contents after them.
    ///
    /// # Errors
    /// The disk is full or gone: nothing of the commit shows, and the changes are taken back.
    pub fn commit(&mut self, hash: String) -> Result<(), IndexError> {
        let next = Generation { number: self.generation.number + 1, hash };
        let mut prepared = self.engine.prepare_commit()?;
        prepared.set_payload(&format!("{} {}", next.number, next.hash));
        prepared.commit()?;
        self.generation = next;
        Ok(())
    }

    /// Takes back what was not committed, after an error.
    pub fn rollback(&mut self) -> Result<(), IndexError> {
        self.engine.rollback()?;
        Ok(())
    }

    /// Waits for merges in the background and gives the writer up.
    pub fn close(self) -> Result<(), IndexError> {
        self.engine.wait_merging_threads()?;
        Ok(())
    }
}
