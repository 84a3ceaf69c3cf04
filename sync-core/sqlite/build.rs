//! Compiles `SQLite3MultipleCiphers`, the SQLite of both sides; `rusqlite` brings only the bindings.
//!
//! The archive is linked whole. Nothing in this crate calls SQLite by itself: the calls come from `rusqlite`, which stands behind this
//! crate on the linker's command line, and a linker that looks at archives once, from left to right, would have passed ours by then.
//! Sections that nobody calls are dropped by the linker's garbage collection all the same.

const LIBRARY: &str = "carnet_sqlite3mc";

/// Ciphers of the library that are not ours: ChaCha20-Poly1305 is used, the others would only be weight on a phone.
const UNUSED_CIPHERS: [&str; 6] = [
    "HAVE_CIPHER_AES_128_CBC",
    "HAVE_CIPHER_AES_256_CBC",
    "HAVE_CIPHER_SQLCIPHER",
    "HAVE_CIPHER_RC4",
    "HAVE_CIPHER_ASCON128",
    "HAVE_CIPHER_AEGIS",
];

fn main() {
    let dir = sqlite3mc_src::source_dir();
    let source = dir.join(sqlite3mc_src::SOURCE_FILE);
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={}", source.display());
    let mut build = cc::Build::new();
    build
        .file(&source)
        .include(dir)
        .opt_level(2)
        .warnings(false)
        .cargo_metadata(false)
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
        .define("CODEC_TYPE", "CODEC_TYPE_CHACHA20");
    for cipher in UNUSED_CIPHERS {
        build.define(cipher, "0");
    }
    build.compile(LIBRARY);
    let out = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for build scripts");
    println!("cargo:rustc-link-search=native={}", out.display());
    println!("cargo:rustc-link-lib=static:+whole-archive,+bundle={LIBRARY}");
}
