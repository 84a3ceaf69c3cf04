//! Claims about the brief.
