//! The closed lists of words of schema 2: the core's own, repeated for the generator; the compiler refuses this file when they differ.

use sync_core::card::terms::{
    Act, AskKind, InvitationState, LinkEvidence, NeedState, Sameness, SuggestionState,
};

/// What a dealing, a visit's gesture or a message served. Since schema 2.
#[uniffi::remote(Enum)]
pub enum Act {
    /// Good advice, even when it meant another shop.
    Advice,
    /// Made it fit: altered or repaired, or had it done.
    Alteration,
    /// Asked how what was bought does.
    CareCheck,
    /// Introduced oneself after a colleague's leaving.
    Handover,
    /// Heard the customer out.
    Heard,
    /// Did what the customer is known to like.
    Honored,
    /// Invited to something.
    Invitation,
    /// Marked a day worth remembering.
    Occasion,
    /// Recognized at the door.
    Recognized,
    /// Set right what went wrong.
    Recovery,
    /// Thanked.
    ThankYou,
    /// Told that a wish is there.
    WishTold,
}

/// What can only be had from the hub: asked for here, confirmed or countered there. Since schema 2.
#[uniffi::remote(Enum)]
pub enum AskKind {
    /// An appointment: when.
    Appointment,
    /// To send a message: channel, purpose, words.
    Message,
    /// To look after the customer first.
    Owner,
    /// To keep an article: which, how many, until when.
    Reservation,
    /// A seat at an event: which.
    Seat,
}

/// How far an invitation to an event is. Later wins. Since schema 2.
#[uniffi::remote(Enum)]
pub enum InvitationState {
    /// On the list.
    Listed,
    /// Invited.
    Invited,
    /// Does not come.
    Declined,
    /// Comes.
    Accepted,
    /// Was there.
    Attended,
}

/// What an identity link rests on. Since schema 2.
#[uniffi::remote(Enum)]
pub enum LinkEvidence {
    /// The same e-mail address, verified on both.
    Email,
    /// One loyalty account.
    Loyalty,
    /// The same telephone number, verified on both.
    Phone,
    /// The customer said so, or a person who knows both looked.
    Said,
}

/// How far something that a customer needs is: a problem to be solved. Later wins. Since schema 2.
#[uniffi::remote(Enum)]
pub enum NeedState {
    /// Nothing answers it yet.
    Open,
    /// It is no longer needed.
    Dropped,
    /// It is solved, by us or elsewhere.
    Answered,
}

/// Whether two customers are one person. Of concurrent words the later wins. Since schema 2.
#[uniffi::remote(Enum)]
pub enum Sameness {
    /// One person.
    Same,
    /// Two people.
    Different,
}

/// How far a suggestion is. Later wins. Since schema 2.
#[uniffi::remote(Enum)]
pub enum SuggestionState {
    /// Made.
    Open,
    /// Read by who can answer.
    Acknowledged,
    /// Answered.
    Answered,
    /// The customer was told.
    Told,
}
