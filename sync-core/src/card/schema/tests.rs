//! Claims about schema.
