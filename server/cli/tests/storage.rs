//! The real binary on storage that is newer, damaged or full: it names the file, says what to do, and loses nothing.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use server::config::Config;
use server::data;
use server::serve::Started;

/// Where SQLite keeps the number that we use for the schema, big-endian.
const USER_VERSION_AT: u64 = 60;
/// Takes the place of the C library's writes: a disk that is full at `DISK_BYTES` of each file.
const FULL_DISK: &str = r"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/types.h>
typedef ssize_t (*writer)(int, const void *, size_t, off_t);
static ssize_t put(const char *name, int file, const void *bytes, size_t count, off_t at) {
    if (at + (off_t)count > DISK_BYTES) { errno = ENOSPC; return -1; }
    return ((writer)dlsym(RTLD_NEXT, name))(file, bytes, count, at);
}
ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) { return put(__func__, file, bytes, count, at); }
ssize_t pwrite64(int file, const void *bytes, size_t count, off_t at) { return put(__func__, file, bytes, count, at); }
";

/// A data folder after its first run.
async fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let store = data::open_store(folder.path(), true).unwrap();
    let config = Config::for_testing(folder.path().to_owned());
    let started = Started::open(&config, std::sync::Arc::new(store), Vec::new());
    started.await.unwrap().finish().await;
    folder
}

fn carnet(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_carnet"));
    command.args(arguments).arg("--data").arg(folder);
    command.stdin(Stdio::null());
    command
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// That neither serving nor checking goes on, and both say all of `parts`.
fn both_refuse(folder: &Path, parts: &[&str]) {
    let database = folder.join(data::DATABASE);
    for arguments in [
        ["serve", "--listen", "127.0.0.1:0"].as_slice(),
        &["admin", "verify"],
    ] {
        let output = carnet(folder, arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let said = err(&output);
        for part in parts.iter().chain([&database.to_str().unwrap()]) {
            assert!(said.contains(part), "{part:?} is missing in {said}");
        }
        assert!(!said.contains("admin verify"), "it just ran: {said}");
    }
}

fn overwrite(folder: &Path, at: u64, bytes: &[u8]) {
    let file = OpenOptions::new()
        .write(true)
        .open(folder.join(data::DATABASE))
        .unwrap();
    file.write_all_at(bytes, at).unwrap();
}

#[tokio::test]
async fn a_database_of_a_newer_carnet_is_refused_by_name_and_left_alone() {
    let folder = folder().await;
    overwrite(folder.path(), USER_VERSION_AT, &99_u32.to_be_bytes());
    let before = std::fs::read(folder.path().join(data::DATABASE)).unwrap();
    both_refuse(folder.path(), &["schema 99", "update Carnet"]);
    let after = std::fs::read(folder.path().join(data::DATABASE)).unwrap();
    assert!(before == after, "a newer database is not touched");
}

#[tokio::test]
async fn a_damaged_database_is_refused_by_name_with_what_to_restore() {
    let folder = folder().await;
    let length = std::fs::metadata(folder.path().join(data::DATABASE))
        .unwrap()
        .len();
    // Everything behind the first page, which holds the names of the tables.
    let first = 4_096;
    let garbage = vec![0xA5; usize::try_from(length - first).unwrap()];
    overwrite(folder.path(), first, &garbage);
    both_refuse(folder.path(), &["is damaged", "restore it from its backup"]);
    overwrite(folder.path(), 0, &[0xA5; 100]);
    both_refuse(
        folder.path(),
        &["not a Carnet database", "restore it from its backup"],
    );
}

/// Makes the library that stands for a full disk.
#[cfg(target_os = "linux")]
fn full_disk(folder: &Path, bytes: usize) -> PathBuf {
    let (source, library) = (folder.join("full.c"), folder.join("full.so"));
    std::fs::write(&source, FULL_DISK).unwrap();
    let made = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .arg(format!("-DDISK_BYTES={bytes}"))
        .arg("-ldl")
        .status();
    assert!(made.unwrap().success(), "SQLite needs the C compiler too");
    library
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_stops_an_import_in_words_and_the_next_one_goes_on() {
    let folder = folder().await;
    let beside = tempfile::tempdir().unwrap();
    let library = full_disk(beside.path(), 512 << 10);
    let mut sales = String::from("sale_id,customer_id,date,amount,currency\n");
    for number in 0..400 {
        writeln!(sales, "{number},c{number},2026-06-14,12.50,EUR").unwrap();
    }
    let file = beside.path().join("sales.csv");
    std::fs::write(&file, sales).unwrap();
    let import = ["admin", "import", "sales", file.to_str().unwrap()];
    let stopped = carnet(folder.path(), &import)
        .env("LD_PRELOAD", &library)
        .output()
        .unwrap();
    assert_eq!(stopped.status.code(), Some(1));
    let said = err(&stopped);
    assert!(said.contains("the disk is full"), "{said}");
    assert!(said.contains("free some space and try again"), "{said}");
    let whole = carnet(folder.path(), &["admin", "verify"])
        .output()
        .unwrap();
    assert!(whole.status.success(), "{}", err(&whole));
    let again = carnet(folder.path(), &import).output().unwrap();
    assert!(again.status.success(), "{}", err(&again));
    let told = String::from_utf8(again.stdout).unwrap();
    assert!(told.contains("records    400 new"), "{told}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_stops_a_first_run_in_words() {
    let beside = tempfile::tempdir().unwrap();
    let library = full_disk(beside.path(), 16 << 10);
    let folder = beside.path().join("data");
    std::fs::create_dir(&folder).unwrap();
    let output = carnet(&folder, &["serve", "--listen", "127.0.0.1:0"])
        .env("LD_PRELOAD", &library)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = err(&output);
    assert!(said.contains("the disk is full"), "{said}");
}
