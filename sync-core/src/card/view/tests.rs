//! Claims about view.
