//! Claims about edit.
