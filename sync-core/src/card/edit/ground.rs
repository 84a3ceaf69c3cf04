//! On what ground an edit rests when its author does not say.

use super::Edit;
use crate::card::value::Source;

impl Edit {
    /// The ground of an edit whose author names none.
    ///
    /// What customers tell of themselves is stated, what happens before one's eyes is observed, and what an associate writes for colleagues is typed.
    /// So is what takes a protection away: that it was the customer's word has to be said.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "one line for each edit")]
    pub fn usual_source(&self) -> Source {
        match self {
            Self::CreateCustomer { .. }
            | Self::SetName { .. }
            | Self::AddEndpoint { .. }
            | Self::RemoveEndpoint { .. }
            | Self::RecordConsent { .. }
            | Self::SetAgreement { .. }
            | Self::BlockContact { .. }
            | Self::PauseContact { .. }
            | Self::SetServiceMode { .. }
            | Self::SetLanguage { .. }
            | Self::SetChannels { .. }
            | Self::SetPreference { .. }
            | Self::SetSize { .. }
            | Self::RecordAllergy { .. }
            | Self::SetOccasion { .. }
            | Self::RemoveOccasion { .. }
            | Self::AddRelationship { .. }
            | Self::RemoveRelationship { .. }
            | Self::AddWish { .. }
            | Self::RemoveWish { .. }
            | Self::AddNeed(_)
            | Self::ChangeNeed(_)
            | Self::SetNeedState { .. }
            | Self::AddSuggestion(_)
            | Self::Ask(_)
            | Self::WithdrawAsk { .. }
            | Self::SetInvitation(_)
            | Self::SetSurprise(_)
            | Self::KeepToOwner { .. }
            | Self::SetMinor { is_minor: true } => Source::Stated,
            Self::MarkEndpoint { .. }
            | Self::ObservePreference { .. }
            | Self::FulfillWish { .. }
            | Self::Arrive { .. }
            | Self::Capture { .. }
            | Self::Leave { .. }
            | Self::RecordInteraction { .. }
            | Self::RecordReaction { .. } => Source::Observed,
            Self::LiftBlock { .. }
            | Self::OpenToColleagues { .. }
            | Self::SetMinor { is_minor: false }
            | Self::LinkCustomers(_)
            | Self::AnswerNeed { .. }
            | Self::AcknowledgeSuggestion { .. }
            | Self::AnswerSuggestion { .. }
            | Self::TellSuggestion { .. }
            | Self::DropPreference { .. }
            | Self::RemoveAllergy { .. }
            | Self::AddNote { .. }
            | Self::EditNote { .. }
            | Self::ArchiveNote { .. }
            | Self::PinNote { .. }
            | Self::LabelNote { .. }
            | Self::RedactNote { .. }
            | Self::MoveNote { .. }
            | Self::MakePromise { .. }
            | Self::ChangePromise { .. }
            | Self::SetPromiseStatus { .. }
            | Self::AssignPromise { .. }
            | Self::Tag { .. }
            | Self::Untag { .. } => Source::Typed,
            // A choice between two sides follows the customer's answer, except where one side takes a protection away.
            Self::Resolve { path, .. } => {
                let protects = path.starts_with("allergy/")
                    || path.ends_with("/polarity")
                    || path == "contact/-/minor";
                if protects {
                    Source::Typed
                } else {
                    Source::Stated
                }
            }
        }
    }
}
