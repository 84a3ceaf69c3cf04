//! Claims about reduce.
