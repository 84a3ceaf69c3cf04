//! Faults planted on purpose, one at a time: the simulation is only worth something if it finds each of them.

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sabotage {
    /// The hub answers a push although its commit did not happen.
    ReplyBeforeCommit,
    /// Signing out clears what the associate had not sent.
    OutboxClearedAtSignOut,
    /// The hub does not look up whether an edit was accepted before.
    EditsNotRemembered,
    /// The hub grants every book to every handheld.
    ScopeUnchecked,
    /// A handheld marks refused edits and does nothing about those behind them.
    RefusalNotFollowed,
    /// An edit is recorded under whoever signed in first.
    AuthorOfFirstSignIn,
    /// A handheld deletes its access log when it sends it.
    ReadsForgottenEarly,
    /// A handheld loses the read row of a card it just recorded something on.
    RowNotFolded,
    /// The hub believes every author named by a device that it knows.
    RosterUnchecked,
}

impl Sabotage {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::ReplyBeforeCommit,
        Self::OutboxClearedAtSignOut,
        Self::EditsNotRemembered,
        Self::ScopeUnchecked,
        Self::RefusalNotFollowed,
        Self::AuthorOfFirstSignIn,
        Self::ReadsForgottenEarly,
        Self::RowNotFolded,
        Self::RosterUnchecked,
    ];
}
