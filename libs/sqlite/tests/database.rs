//! What a database promises, each on a real file.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use sqlite::{Database, Databases, Engine, Limits, Migration, SqliteError, Work, params, rusqlite};
use tempfile::TempDir;

const SCHEMA: &[Migration] = &[("test/001", "CREATE TABLE rows (id INTEGER PRIMARY KEY) STRICT")];

async fn open(path: &Path) -> Database {
    let database = Database::open(path).unwrap();
    database.migrate(SCHEMA).await.unwrap();
    database
}

async fn insert(database: &Database, id: i64) -> Result<usize, SqliteError> {
    database.write(move |tx| Ok(tx.execute("INSERT INTO rows VALUES (?1)", [id])?)).await
}

async fn count(database: &Database) -> i64 {
    let sql = "SELECT count(*) FROM rows";
    database.read(move |tx| Ok(tx.query_row(sql, [], |row| row.get(0))?)).await.unwrap()
}

/// Holds the writer until the returned sender is dropped, so that what is sent meanwhile forms one group.
async fn hold_writer(database: &Database) -> mpsc::Sender<()> {
    let (release, held) = mpsc::channel::<()>();
    let (started, running) = tokio::sync::oneshot::channel();
    let database = database.clone();
    tokio::spawn(async move {
        database
            .write(move |_| {
                started.send(()).unwrap();
                held.recv().unwrap_err();
                Ok(())
            })
            .await
    });
    running.await.unwrap();
    release
}

#[tokio::test]
async fn a_file_is_opened_as_durably_as_promised() {
    let folder = TempDir::new().unwrap();
    let database = open(&folder.path().join("deep/er/x.db")).await;
    let settings = |tx: &sqlite::Connection| {
        let read = |name| tx.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let journal: String = tx.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        Ok((journal, read("synchronous")?, read("secure_delete")?, read("foreign_keys")?))
    };
    assert_eq!(database.write(settings).await.unwrap(), ("wal".to_owned(), 2, 1, 1));
    assert_eq!(database.read(settings).await.unwrap(), ("wal".to_owned(), 2, 1, 1));
    let refused = database.read(|tx| Ok(tx.execute("INSERT INTO rows VALUES (1)", [])?)).await;
    assert!(matches!(refused, Err(SqliteError::Statement(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_writes_at_once_are_all_there() {
    let folder = TempDir::new().unwrap();
    let database = open(&folder.path().join("x.db")).await;
    let writes = (0..1_000).map(|id| {
        let database = database.clone();
        tokio::spawn(async move { insert(&database, id).await })
    });
    for write in writes.collect::<Vec<_>>() {
        assert_eq!(write.await.unwrap().unwrap(), 1);
    }
    assert_eq!(count(&database).await, 1_000);
}

#[tokio::test]
async fn a_failing_job_undoes_only_itself() {
    let folder = TempDir::new().unwrap();
    let database = open(&folder.path().join("x.db")).await;
    let release = hold_writer(&database).await;
    let jobs = (0..30).map(|id: i64| {
        let database = database.clone();
        tokio::spawn(async move {
            let job = move |tx: &sqlite::Connection| {
                tx.execute("INSERT INTO rows VALUES (?1)", [id])?;
                match id % 3 {
                    0 => Ok(()),
                    1 => Ok(tx.execute("INSERT INTO rows VALUES (?1)", [id]).map(drop)?),
                    _ => panic!("a job that panics"),
                }
            };
            (id, database.write(job).await)
        })
    });
    let jobs = jobs.collect::<Vec<_>>();
    tokio::task::yield_now().await; // lets all of them get into the queue, and so into one group
    drop(release);
    for job in jobs {
        let (id, result) = job.await.unwrap();
        match id % 3 {
            0 => assert!(result.is_ok(), "{id}: {result:?}"),
            1 => assert!(matches!(result, Err(SqliteError::Statement(_))), "{id}: {result:?}"),
            _ => assert!(matches!(result, Err(SqliteError::Panicked)), "{id}: {result:?}"),
        }
    }
    assert_eq!(count(&database).await, 10);
    let panicked = database.read(|_| -> Result<(), SqliteError> { panic!("a read that panics") });
    assert!(matches!(panicked.await, Err(SqliteError::Panicked)));
    assert_eq!(count(&database).await, 10);
}

#[tokio::test]
async fn when_the_commit_fails_every_job_of_the_group_learns_it() {
    let folder = TempDir::new().unwrap();
    let database = open(&folder.path().join("x.db")).await;
    let schema = "CREATE TABLE parent (id INTEGER PRIMARY KEY);
         CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED);";
    database.write(move |tx| Ok(tx.execute_batch(schema)?)).await.unwrap();
    let release = hold_writer(&database).await;
    let write = |sql: &'static str| database.write(move |tx| Ok(tx.execute(sql, [])?));
    // Each is in the queue before the next is asked for, so the three are one group.
    let (one, broken, two, ()) = tokio::join!(
        write("INSERT INTO rows VALUES (1)"),
        write("INSERT INTO child VALUES (7)"), // a broken promise that only the commit checks
        write("INSERT INTO rows VALUES (2)"),
        async { drop(release) },
    );
    for result in [one, broken, two] {
        assert!(matches!(result, Err(SqliteError::NotCommitted(_))), "{result:?}");
    }
    assert_eq!(count(&database).await, 0);
    insert(&database, 3).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_and_a_late_answer_are_errors() {
    let folder = TempDir::new().unwrap();
    let limits =
        Limits { deadline: Duration::from_millis(100), waiting_writes: 2, ..Limits::default() };
    let database = Database::open_within(&folder.path().join("x.db"), limits).unwrap();
    database.migrate(SCHEMA).await.unwrap();
    let release = hold_writer(&database).await;
    let (one, two, three) =
        tokio::join!(insert(&database, 1), insert(&database, 2), insert(&database, 3));
    assert!(matches!(one, Err(SqliteError::Timeout(100))), "{one:?}");
    assert!(matches!(two, Err(SqliteError::Timeout(100))), "{two:?}");
    assert!(matches!(three, Err(SqliteError::Full)), "{three:?}");
    drop(release);
    // Nobody waited any more when their turn came, so they were left out.
    while matches!(insert(&database, 4).await, Err(SqliteError::Full)) {}
    assert_eq!(count(&database).await, 1);
}

#[tokio::test]
async fn migrations_run_once_and_never_change() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x.db");
    open(&path).await;
    let database = open(&path).await;
    insert(&database, 1).await.unwrap();
    let changed = database.migrate(&[("test/001", "CREATE TABLE other (id INTEGER)")]).await;
    assert!(matches!(changed, Err(SqliteError::MigrationChanged("test/001"))), "{changed:?}");
    let broken = database
        .migrate(&[("test/002", "CREATE TABLE more (id INTEGER)"), ("test/003", "CREATE nonsense")])
        .await;
    assert!(matches!(broken, Err(SqliteError::Statement(_))), "{broken:?}");
    let more = database.read(|tx| Ok(tx.prepare("SELECT * FROM more").is_ok())).await.unwrap();
    assert!(!more, "half of a failed set of migrations was kept");
}

#[tokio::test]
async fn one_file_is_opened_once_however_it_is_spelled() {
    let folder = TempDir::new().unwrap();
    let databases = Databases::default();
    let one = databases.open(&folder.path().join("x.db")).unwrap();
    let two =
        databases.open(&folder.path().join("../").join(folder.path()).join("./x.db")).unwrap();
    assert_eq!(one.path(), two.path());
    one.migrate(SCHEMA).await.unwrap();
    let release = hold_writer(&one).await;
    let waiting = tokio::spawn(async move { insert(&two, 1).await });
    drop(release);
    waiting.await.unwrap().unwrap();
    let unusable = databases.open(Path::new("/proc/nowhere/x.db"));
    assert!(matches!(unusable, Err(SqliteError::Open { .. })), "{unusable:?}");
}

/// Not a test by itself: the process that the test below kills. Prints the number of each row that was acknowledged.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by a_killed_process_loses_nothing_that_was_answered"]
async fn write_until_killed() {
    let Some(path) = std::env::var_os("SQLITE_TEST_FILE") else { return };
    let database = open(Path::new(&path)).await;
    let writers = (0..16_i64).map(|writer| {
        let database = database.clone();
        tokio::spawn(async move {
            for round in 0_i64.. {
                let id = round * 16 + writer;
                insert(&database, id).await.unwrap();
                let mut out = std::io::stdout().lock();
                std::io::Write::write_all(&mut out, format!("stored {id}\n").as_bytes()).unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

#[tokio::test]
async fn a_killed_process_loses_nothing_that_was_answered() {
    use std::io::BufRead;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x.db");
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "write_until_killed", "--ignored", "--nocapture"])
        .env("SQLITE_TEST_FILE", &path)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
    let mut stored = Vec::new();
    for line in lines {
        let line = line.unwrap();
        if let Some((_, id)) = line.split_once("stored ") {
            stored.push(id.parse::<i64>().unwrap());
        }
        if stored.len() == 2_000 {
            child.kill().unwrap(); // SIGKILL; what is still in the pipe is read to its end
        }
    }
    child.wait().unwrap();
    assert!(stored.len() >= 2_000, "the child ended by itself after {}", stored.len());
    let database = open(&path).await;
    for id in stored {
        let sql = "SELECT count(*) FROM rows WHERE id = ?1";
        let there = database
            .read(move |tx| Ok(tx.query_row(sql, params![id], |row| row.get::<_, i64>(0))?))
            .await
            .unwrap();
        assert_eq!(there, 1, "row {id} was answered and is not there");
    }
}

/// Carries jobs out at once, on a connection in memory; of every second one nobody hears.
#[derive(Debug)]
struct Absent {
    connection: Mutex<rusqlite::Connection>,
    taken: AtomicU32,
}

impl Engine for Absent {
    fn take(&self, mut work: Work) {
        if self.taken.fetch_add(1, Ordering::SeqCst) % 2 == 1 {
            work.forsake();
        }
        work.run(&self.connection.lock().unwrap());
        work.answer();
    }
}

#[tokio::test]
async fn an_engine_carries_jobs_out_also_when_nobody_is_told() {
    let connection = Mutex::new(rusqlite::Connection::open_in_memory().unwrap());
    let database =
        Database::on(Arc::new(Absent { connection, taken: 0.into() }), Duration::from_secs(1));
    database.migrate(SCHEMA).await.unwrap();
    assert!(insert(&database, 1).await.is_err());
    let count = |tx: &rusqlite::Connection| {
        Ok(tx.query_row("SELECT count(*) FROM rows", [], |row| row.get::<_, u32>(0))?)
    };
    assert_eq!(database.read(count).await.unwrap(), 1);
}

/// Whether the bytes stand anywhere in the file or in its write-ahead log.
fn holds(path: &Path, bytes: &[u8]) -> bool {
    let log = path.with_extension("db-wal");
    let files = [std::fs::read(path).unwrap(), std::fs::read(log).unwrap_or_default()];
    files.iter().any(|file| file.windows(bytes.len()).any(|window| window == bytes))
}

#[tokio::test]
async fn what_is_deleted_is_in_neither_file_soon_while_others_read() {
    const SECRET: &str = "marker-that-stands-nowhere-else";
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x.db");
    let empty = Duration::from_millis(50);
    let database = Database::open_within(&path, Limits { empty, ..Limits::default() }).unwrap();
    database
        .write(|tx| {
            tx.execute_batch("CREATE TABLE letters (id INTEGER PRIMARY KEY, text TEXT) STRICT")?;
            let mut insert = tx.prepare("INSERT INTO letters (text) VALUES (?1)")?;
            for number in 0..500 {
                insert.execute([format!("{SECRET} {number}")])?;
            }
            Ok(())
        })
        .await
        .unwrap();
    assert!(holds(&path, SECRET.as_bytes()));
    let reading = {
        let database = database.clone();
        tokio::spawn(async move {
            let count = "SELECT count(*) FROM letters WHERE text LIKE '%x%'";
            loop {
                database.read(move |tx| Ok(tx.query_row(count, [], |_| Ok(()))?)).await.unwrap();
            }
        })
    };
    database.write(|tx| Ok(tx.execute("UPDATE letters SET text = NULL", [])?)).await.unwrap();
    let gone = async || (!holds(&path, SECRET.as_bytes())).then_some(());
    testkit::wait::until(Duration::from_secs(20), gone).await.unwrap();
    reading.abort();
}

#[tokio::test]
async fn the_write_ahead_log_keeps_to_its_size() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x.db");
    let database = open(&path).await;
    let mut largest = 0;
    for group in 0..60 {
        let insert = move |tx: &sqlite::Connection| {
            let mut insert = tx.prepare_cached("INSERT INTO rows VALUES (?1)")?;
            for number in 0..1_000 {
                insert.execute([number * 60 + group])?;
            }
            Ok(())
        };
        database.write(insert).await.unwrap();
        largest = largest.max(path.with_extension("db-wal").metadata().unwrap().len());
    }
    eprintln!("largest write-ahead log: {} KB", largest >> 10);
    assert!(largest <= 17 << 20, "{largest}");
}

/// Names a file; the test then only says by its exit code whether that is in use.
const LOOK: &str = "RESTANTE_TEST_LOOK";
const IN_USE: i32 = 71;
const FREE: i32 = 72;

#[tokio::test]
async fn other_processes_see_that_a_file_is_open_also_when_it_is_opened_once_more() {
    if let Some(file) = std::env::var_os(LOOK) {
        let in_use = sqlite::is_in_use(Path::new(&file)).unwrap();
        std::process::exit(if in_use { IN_USE } else { FREE });
    }
    let look = |file: &Path| {
        let name = "other_processes_see_that_a_file_is_open_also_when_it_is_opened_once_more";
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", name]).env(LOOK, file).output().unwrap().status.code()
    };
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x.db");
    let databases = Databases::default();
    let database = databases.open(&path).unwrap();
    database.write(|tx| Ok(tx.execute_batch("CREATE TABLE letters (id INTEGER)")?)).await.unwrap();
    assert_eq!(look(&path), Some(IN_USE));
    for again in [path.clone(), folder.path().join(".").join("x.db")] {
        databases.open(&again).unwrap();
        assert_eq!(look(&path), Some(IN_USE));
    }
    assert_eq!(look(&folder.path().join("not there.db")), Some(FREE));
}
