//! Compiles SQLite3 Multiple Ciphers, the SQLite of both sides; `rusqlite` brings only the bindings.

fn main() {
    let dir = sqlite3mc_src::source_dir();
    let source = dir.join(sqlite3mc_src::SOURCE_FILE);
    println!("cargo:rerun-if-changed={}", source.display());
    cc::Build::new()
        .file(&source)
        .include(dir)
        .opt_level(2)
        .warnings(false)
        .define("SQLITE_CORE", None)
        .define("SQLITE_THREADSAFE", "2")
        .define("SQLITE_DEFAULT_FOREIGN_KEYS", "1")
        .define("SQLITE_DEFAULT_MEMSTATUS", "0")
        .define("SQLITE_DQS", "0")
        .define("SQLITE_OMIT_DEPRECATED", None)
        .define("SQLITE_OMIT_LOAD_EXTENSION", None)
        .define("SQLITE_OMIT_SHARED_CACHE", None)
        .define("SQLITE_SECURE_DELETE", None)
        .define("SQLITE_TEMP_STORE", "2")
        .define("SQLITE_USE_URI", "0")
        .define("HAVE_USLEEP", "1")
        // One cipher is used; the others would only be weight on a phone.
        .define("CODEC_TYPE", "CODEC_TYPE_CHACHA20")
        .compile("carnet_sqlite3mc");
}
