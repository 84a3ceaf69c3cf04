//! What stands at a key: one value with its provenance.
