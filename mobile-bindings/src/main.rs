//! The generator of the SDK's bindings, in the version of UniFFI that the SDK is built with.
//!
//! `cargo xtask bindings` calls it with the compiled library; there is nothing to configure here.

fn main() {
    uniffi::uniffi_bindgen_main();
}
