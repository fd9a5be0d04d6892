//! What the database promises, whatever is stored in it.

use jiff::Timestamp;

use super::*;

fn opened() -> (tempfile::TempDir, Sqlite) {
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(dir.path(), Timestamp::UNIX_EPOCH).unwrap();
    (dir, store)
}

fn insert(name: &'static str) -> impl FnOnce(&Connection) -> Result<(), StoreError> + Send + 'static {
    move |tx| {
        tx.execute("INSERT INTO agents VALUES (?1, 'agent', ?1, 0)", (name,))?;
        Ok(())
    }
}

async fn names(store: &Sqlite) -> Vec<String> {
    let query = |conn: &Connection| {
        let mut statement = conn.prepare("SELECT name FROM agents ORDER BY name")?;
        Ok(statement.query_map((), |row| row.get(0))?.collect::<Result<_, _>>()?)
    };
    store.read(query).await.unwrap()
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_opening_again() {
    let (dir, store) = opened();
    store.write(insert("ada")).await.unwrap();
    drop(store);
    assert_eq!(names(&Sqlite::open(dir.path(), Timestamp::UNIX_EPOCH).unwrap()).await, ["ada"]);
}

#[tokio::test]
async fn a_failed_change_is_undone_alone() {
    let (_dir, store) = opened();
    let failing = store.write(|tx| {
        insert("gone")(tx)?;
        Err::<(), _>(StoreError::Stopped)
    });
    let panicking = store.write(|tx| {
        insert("gone too")(tx)?;
        assert!(tx.is_autocommit(), "on purpose");
        Ok(())
    });
    let (first, failed, panicked, last) =
        tokio::join!(store.write(insert("ada")), failing, panicking, store.write(insert("bob")));
    first.and(last).unwrap();
    assert!(failed.is_err() && panicked.is_err());
    assert_eq!(names(&store).await, ["ada", "bob"]);
}

#[tokio::test]
async fn readers_cannot_write() {
    let (_dir, store) = opened();
    assert!(store.read(insert("ada")).await.is_err());
    assert!(names(&store).await.is_empty());
}

#[test]
fn acknowledged_means_on_the_disk() {
    let (dir, store) = opened();
    let connection = connect(&dir.path().join(FILE)).unwrap();
    let pragma =
        |name: &str| connection.query_row(&format!("PRAGMA {name}"), (), |row| row.get::<_, rusqlite::types::Value>(0));
    assert_eq!(pragma("synchronous").unwrap(), 2.into(), "FULL");
    assert_eq!(pragma("journal_mode").unwrap(), String::from("wal").into());
    assert_eq!(pragma("foreign_keys").unwrap(), 1.into());
    assert_eq!(pragma("temp_store").unwrap(), 2.into(), "MEMORY: no other folder has to be writable");
    drop(store);
}

#[test]
fn a_database_that_cannot_be_trusted_is_refused_with_the_way_out() {
    type Spoil = fn(&Path);
    let damage: [(&str, Spoil, &[&str]); 4] = [
        (
            "a text file",
            |path| fs::write(path, "not a database, but long enough to have a header").unwrap(),
            &["damaged", "backup"],
        ),
        ("a page overwritten", overwrite_pages, &["damaged", "backup"]),
        (
            "a newer version",
            |path| connect(path).unwrap().pragma_update(None, "user_version", 999).unwrap(),
            &["999", "newer"],
        ),
        (
            "a folder",
            |path| {
                fs::remove_file(path).unwrap();
                fs::create_dir(path).unwrap();
            },
            &["cannot open"],
        ),
    ];
    for (what, spoil, says) in damage {
        let (dir, store) = opened();
        drop(store);
        let path = dir.path().join(FILE);
        spoil(&path);
        let message = Sqlite::open(dir.path(), Timestamp::UNIX_EPOCH).unwrap_err().to_string();
        for word in says.iter().chain([&&*path.to_string_lossy()]) {
            assert!(message.contains(word), "{what}: {message} lacks {word}");
        }
    }
}

/// Spoils all pages but the first, so that the header still looks right.
fn overwrite_pages(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes[4096..].fill(0xAB);
    fs::write(path, bytes).unwrap();
}

#[test]
fn opening_twice_changes_nothing() {
    let (dir, store) = opened();
    let again = Sqlite::open(dir.path(), Timestamp::UNIX_EPOCH).unwrap();
    drop((store, again));
    let connection = connect(&dir.path().join(FILE)).unwrap();
    let steps: i64 = connection.query_row("SELECT count(*) FROM schema_history", (), |row| row.get(0)).unwrap();
    let version: i64 = connection.query_row("PRAGMA user_version", (), |row| row.get(0)).unwrap();
    assert_eq!(steps, version);
}
