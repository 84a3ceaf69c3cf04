//! What the customer needs and suggests, what is asked of the hub for them, and which cards are theirs.

use std::collections::BTreeSet;

use super::text::{maybe_prose, maybe_words, prose, words};
use super::{Drafts, Outcome, list, named_id};
use crate::card::edit::{
    AskInput, EditError, InvitationInput, LinkInput, NeedChange, NeedInput, SuggestionInput,
    SurpriseInput,
};
use crate::card::links::link_id;
use crate::card::normal::{fold, surprise_id};
use crate::card::terms::{AskKind, Channel, LinkEvidence, NeedState, Sameness, SuggestionState};
use crate::card::value::Value;
use crate::ids::EditId;

impl Drafts<'_> {
    pub(in crate::card::edit::draft) fn add_need(&mut self, input: &NeedInput) -> Outcome {
        let need = self.context.edit;
        self.made("need", need, "what", prose("need", &input.what)?.into())?;
        self.made("need", need, "state", NeedState::Open.into())?;
        if input.tags.is_empty() {
            return Ok(());
        }
        self.made("need", need, "tags", tags(&input.tags)?)
    }

    pub(in crate::card::edit::draft) fn change_need(&mut self, change: &NeedChange) -> Outcome {
        let NeedChange {
            need,
            what,
            tags: words,
        } = change;
        if what.is_none() && words.is_none() {
            return Err(EditError::Empty(
                "what is needed, or what it has to be good for",
            ));
        }
        if let Some(what) = what {
            self.made("need", *need, "what", prose("need", what)?.into())?;
        }
        if let Some(words) = words {
            self.made("need", *need, "tags", tags(words)?)?;
        }
        Ok(())
    }

    pub(in crate::card::edit::draft) fn answer_need(
        &mut self,
        need: EditId,
        answer: &str,
    ) -> Outcome {
        self.made("need", need, "answer", prose("answer", answer)?.into())?;
        self.made("need", need, "state", NeedState::Answered.into())
    }

    pub(in crate::card::edit::draft) fn add_suggestion(
        &mut self,
        input: &SuggestionInput,
    ) -> Outcome {
        let suggestion = self.context.edit;
        let what = prose("suggestion", &input.what)?;
        self.made("suggestion", suggestion, "what", what.into())?;
        self.made(
            "suggestion",
            suggestion,
            "state",
            SuggestionState::Open.into(),
        )?;
        let sku = maybe_words("article", input.sku.as_deref())?;
        if sku == Value::Null {
            return Ok(());
        }
        self.made("suggestion", suggestion, "sku", sku)
    }

    pub(in crate::card::edit::draft) fn answer_suggestion(
        &mut self,
        suggestion: EditId,
        answer: &str,
    ) -> Outcome {
        let answer = prose("answer", answer)?;
        self.made("suggestion", suggestion, "answer", answer.into())?;
        let state = SuggestionState::Answered;
        self.made("suggestion", suggestion, "state", state.into())
    }

    /// `[one person, the other card, then a flag for each kind of evidence in their order]`
    pub(in crate::card::edit::draft) fn link(&mut self, link: &LinkInput) -> Outcome {
        if link.other == self.context.customer {
            return Err(EditError::OwnCard);
        }
        let is_same = link.sameness == Sameness::Same;
        if is_same && link.evidence.is_empty() {
            return Err(EditError::Empty("how you know that they are one person"));
        }
        let mut items = vec![is_same.into(), link.other.to_string().into()];
        for kind in LinkEvidence::ALL {
            items.push(link.evidence.contains(kind).into());
        }
        let id = link_id(self.context.customer, link.other);
        self.card("link", &id, "same", Value::List(items))
    }

    pub(in crate::card::edit::draft) fn ask(&mut self, ask: &AskInput) -> Outcome {
        check_parts(ask)?;
        let subject = maybe_words("subject", ask.subject.as_deref())?;
        let value = list([
            ask.kind.into(),
            subject,
            ask.purpose.into(),
            i64::from(ask.quantity.unwrap_or(1)).into(),
            ask.at.into(),
            maybe_prose("words", ask.words.as_deref())?,
        ]);
        self.made("ask", self.context.edit, "wanted", value)
    }

    pub(in crate::card::edit::draft) fn invitation(&mut self, input: &InvitationInput) -> Outcome {
        let event = words("event", &input.event)?;
        let id = named_id("invitation", &event);
        self.card("invitation", &id, "event", list([event.into()]))?;
        self.card("invitation", &id, "state", input.state.into())
    }

    /// The date stays when a surprise ends: it counts while the flag does.
    pub(in crate::card::edit::draft) fn surprise(&mut self, input: &SurpriseInput) -> Outcome {
        let source = words("source", &input.source)?;
        let purchase = words("purchase", &input.purchase)?;
        let id = surprise_id(&source, &purchase);
        let is_secret = input.until.is_some().into();
        let value = list([is_secret, source.into(), purchase.into()]);
        self.card("surprise", &id, "present", value)?;
        match input.until {
            Some(until) => self.card("surprise", &id, "until", until.into()),
            None => Ok(()),
        }
    }
}

/// Tags in the one form in which they are compared.
fn tags(texts: &[String]) -> Result<Value, EditError> {
    let folded: BTreeSet<String> = texts
        .iter()
        .map(|tag| words("tag", tag).map(|tag| fold(&tag)))
        .collect::<Result<_, _>>()?;
    Ok(list(folded.into_iter().map(Value::from)))
}

/// Whether an ask has the parts that its kind takes, and no others that would mislead whoever answers.
fn check_parts(ask: &AskInput) -> Outcome {
    let subject = ask.subject.as_deref().unwrap_or_default().trim();
    let words = ask.words.as_deref().unwrap_or_default().trim();
    let parts = |expected| {
        let kind = ask.kind;
        Err(EditError::AskParts { kind, expected })
    };
    let is_message = ask.kind == AskKind::Message;
    match ask.kind {
        AskKind::Appointment if ask.at.is_none() => return parts("when"),
        AskKind::Message if Channel::parse(subject).is_none() => {
            return parts("the channel as its subject: sms, email, …");
        }
        AskKind::Message if !ask.purpose.is_some_and(|purpose| purpose.needs_channel()) => {
            return parts("a purpose that has a channel");
        }
        AskKind::Message if words.is_empty() => return parts("the words to send"),
        AskKind::Reservation if subject.is_empty() => return parts("the article as its subject"),
        AskKind::Seat if subject.is_empty() => return parts("the event as its subject"),
        AskKind::Owner if !subject.is_empty() => return parts("no subject: whoever asks is meant"),
        AskKind::Appointment
        | AskKind::Message
        | AskKind::Owner
        | AskKind::Reservation
        | AskKind::Seat => {}
    }
    if ask.purpose.is_some() && !is_message {
        return parts("no purpose: only a message has one");
    }
    Ok(())
}
