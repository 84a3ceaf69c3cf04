//! The closed lists of words that a card's fields may hold, each with the one text it has in storage and in JSON.
//!
//! Texts are frozen since the schema that brought them: 1, unless said. Where a list is a lattice its order is part of its meaning: later variants win over earlier ones.

macro_rules! terms {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every term, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The text of every term, in order.
            pub const TEXTS: &'static [&'static str] = &[$($text),+];

            /// The term's text.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The term with this text.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl From<$name> for super::Value {
            fn from(term: $name) -> Self {
                Self::Text(term.as_str().to_owned())
            }
        }
    )+};
}

terms! {
    /// A part of a name.
    NamePart {
        /// How the customer wants to be addressed, in words: "Madame Wang", "Léa, informally".
        Address = "address",
        /// The name as it is to be shown, where that is not given and family name in this order.
        Display = "display",
        /// Family name.
        Family = "family",
        /// Given name.
        Given = "given",
        /// How the name is spoken.
        Pronunciation = "pronunciation",
        /// Salutation or title: "Mme", "Dr".
        Salutation = "salutation",
    }

    /// Where somebody can be reached.
    EndpointKind {
        /// A telephone number.
        Phone = "phone",
        /// An e-mail address.
        Email = "email",
        /// A number on `WhatsApp`.
        Whatsapp = "whatsapp",
        /// A name on `WeChat`.
        Wechat = "wechat",
        /// A LINE name.
        Line = "line",
        /// A name on `KakaoTalk`.
        Kakao = "kakao",
    }

    /// Whether an endpoint can be used. A lattice: later wins.
    EndpointStatus {
        /// Nothing speaks against it.
        Ok = "ok",
        /// Messages come back.
        Bounced = "bounced",
        /// Somebody else answers.
        WrongPerson = "wrong_person",
        /// The customer does not want it used.
        Revoked = "revoked",
    }

    /// A way of contacting somebody.
    Channel {
        /// A telephone call.
        Call = "call",
        /// A text message.
        Sms = "sms",
        /// An e-mail.
        Email = "email",
        /// `WhatsApp`.
        Whatsapp = "whatsapp",
        /// `WeChat`.
        Wechat = "wechat",
        /// LINE.
        Line = "line",
        /// `KakaoTalk`.
        Kakao = "kakao",
        /// A letter or card.
        Post = "post",
    }

    /// What consent is asked for.
    Purpose {
        /// Thanks, greetings and asking how a purchase does.
        Care = "care",
        /// Knowing the customer in the other shops of the chain; has no channel.
        Chain = "chain",
        /// Invitations.
        Event = "event",
        /// Offers and news about products.
        Sell = "sell",
        /// Keeping the cause behind a sensitive fact; has no channel.
        Sensitive = "sensitive",
        /// What an order, repair or appointment needs.
        Service = "service",
    }

    /// What happened to a consent.
    ConsentEvent {
        /// Given.
        Grant = "grant",
        /// Taken back.
        Withdraw = "withdraw",
        /// Objected to, without having been given.
        Object = "object",
    }

    /// How a consent was given.
    ConsentMethod {
        /// Signed on paper or on a screen.
        Signature = "signature",
        /// Entered by the customer on a web page or in an app.
        WebForm = "web_form",
        /// Said in the shop.
        Spoken = "spoken",
        /// Written in a message.
        Message = "message",
        /// Taken over from another system together with its proof.
        Import = "import",
    }

    /// Whether the customer has agreed to a relationship. Concurrent events: later in this list wins.
    Agreement {
        /// Asked, no answer yet.
        Invited = "invited",
        /// Agreed.
        Agreed = "agreed",
        /// Declined.
        Declined = "declined",
        /// Ended.
        Ended = "ended",
    }

    /// How much company the customer wants while shopping. Quieter wins.
    ServiceMode {
        /// Everything the house can do.
        Concierge = "concierge",
        /// Advice along the way.
        Guided = "guided",
        /// In and out.
        Quick = "quick",
        /// Not to be spoken to first.
        LeaveAlone = "leave_alone",
    }

    /// Whether something is liked. A lattice: the stronger caution wins, and what was dropped loses to everything.
    Polarity {
        /// No longer held.
        Dropped = "dropped",
        /// Liked.
        Like = "like",
        /// Better not.
        Avoid = "avoid",
        /// In no case.
        Never = "never",
    }

    /// How bad a reaction is. A lattice: later wins.
    Severity {
        /// Uncomfortable.
        Mild = "mild",
        /// Harmful.
        Serious = "serious",
        /// Dangerous to life.
        Dangerous = "dangerous",
    }

    /// How carefully a note is to be handled. A lattice: later wins.
    Sensitivity {
        /// Nothing special.
        Plain = "plain",
        /// Bereavement, separation, security, complaint: a cue, not a story.
        Guarded = "guarded",
        /// Health, religion and the like: belongs where only few may read.
        Special = "special",
    }

    /// A day worth remembering.
    OccasionKind {
        /// A birthday.
        Birthday = "birthday",
        /// A wedding or other anniversary.
        Anniversary = "anniversary",
        /// A name day.
        NameDay = "name_day",
        /// A feast of the year.
        Holiday = "holiday",
        /// A graduation, birth, move or another event.
        Milestone = "milestone",
    }

    /// How two customers belong together; the same seen from either end.
    RelationshipKind {
        /// A couple.
        Partner = "partner",
        /// Relatives.
        Family = "family",
        /// One household.
        Household = "household",
        /// Friends.
        Friend = "friend",
        /// They work together.
        Colleague = "colleague",
        /// One acts for the other.
        Assistant = "assistant",
        /// Not to be seated together.
        Separate = "separate",
    }

    /// How far a promise is. A lattice: later wins, so a promise that was kept stays kept.
    PromiseStatus {
        /// Not begun.
        Open = "open",
        /// Begun.
        InProgress = "in_progress",
        /// Given up.
        Cancelled = "cancelled",
        /// Kept.
        Done = "done",
    }

    /// A dealing with the customer other than a visit.
    InteractionKind {
        /// A telephone call.
        Call = "call",
        /// A gesture: something given beyond the sale, out of a right to spend.
        Gesture = "gesture",
        /// A message in either direction.
        Message = "message",
        /// Sent elsewhere, honestly.
        Referral = "referral",
        /// Tried something on.
        TryOn = "try_on",
        /// Served in person: what it was is its act. Since schema 2.
        Service = "service",
    }

    /// What a dealing, a visit's gesture or a message served. Since schema 2.
    Act {
        /// Good advice, even when it meant another shop.
        Advice = "advice",
        /// Made it fit: altered or repaired, or had it done.
        Alteration = "alteration",
        /// Asked how what was bought does.
        CareCheck = "care_check",
        /// Introduced oneself after a colleague's leaving.
        Handover = "handover",
        /// Heard the customer out.
        Heard = "heard",
        /// Did what the customer is known to like.
        Honored = "honored",
        /// Invited to something.
        Invitation = "invitation",
        /// Marked a day worth remembering.
        Occasion = "occasion",
        /// Recognized at the door.
        Recognized = "recognized",
        /// Set right what went wrong.
        Recovery = "recovery",
        /// Thanked.
        ThankYou = "thank_you",
        /// Told that a wish is there.
        WishTold = "wish_told",
    }

    /// How far something that a customer needs is: a problem to be solved. Later wins. Since schema 2.
    NeedState {
        /// Nothing answers it yet.
        Open = "open",
        /// It is no longer needed.
        Dropped = "dropped",
        /// It is solved, by us or elsewhere.
        Answered = "answered",
    }

    /// How far a suggestion is. Later wins. Since schema 2.
    SuggestionState {
        /// Made.
        Open = "open",
        /// Read by who can answer.
        Acknowledged = "acknowledged",
        /// Answered.
        Answered = "answered",
        /// The customer was told.
        Told = "told",
    }

    /// Whether two customers are one person. Of concurrent words the later wins. Since schema 2.
    Sameness {
        /// One person.
        Same = "same",
        /// Two people.
        Different = "different",
    }

    /// What an identity link rests on. Since schema 2.
    LinkEvidence {
        /// The same e-mail address, verified on both.
        Email = "email",
        /// One loyalty account.
        Loyalty = "loyalty",
        /// The same telephone number, verified on both.
        Phone = "phone",
        /// The customer said so, or a person who knows both looked.
        Said = "said",
    }

    /// What can only be had from the hub: asked for here, confirmed or countered there. Since schema 2.
    AskKind {
        /// An appointment: when.
        Appointment = "appointment",
        /// To send a message: channel, purpose, words.
        Message = "message",
        /// To look after the customer first.
        Owner = "owner",
        /// To keep an article: which, how many, until when.
        Reservation = "reservation",
        /// A seat at an event: which.
        Seat = "seat",
    }

    /// How far an invitation to an event is. Later wins. Since schema 2.
    InvitationState {
        /// On the list.
        Listed = "listed",
        /// Invited.
        Invited = "invited",
        /// Does not come.
        Declined = "declined",
        /// Comes.
        Accepted = "accepted",
        /// Was there.
        Attended = "attended",
    }

    /// What the customer thought of an article.
    Sentiment {
        /// Disliked.
        Disliked = "disliked",
        /// Neither.
        Neutral = "neutral",
        /// Liked.
        Liked = "liked",
        /// Loved.
        Loved = "loved",
    }

    /// Where something is kept, as an associate names it; the facet follows from who and where the associate is.
    Place {
        /// The chain's card.
        Card = "card",
        /// This shop's part.
        Shop = "shop",
        /// Need to know.
        Restricted = "restricted",
        /// The associate's own part.
        Private = "private",
    }
}

impl Purpose {
    /// Whether it is about contacting somebody, and so has a channel.
    #[must_use]
    pub const fn needs_channel(self) -> bool {
        !matches!(self, Self::Chain | Self::Sensitive)
    }
}

impl Place {
    /// The place that a facet is.
    #[must_use]
    pub const fn of(facet: &super::Facet) -> Self {
        match facet {
            super::Facet::Card => Self::Card,
            super::Facet::Shop(_) => Self::Shop,
            super::Facet::Restricted => Self::Restricted,
            super::Facet::Private(_) => Self::Private,
        }
    }

    /// The facet of this place for whoever writes with this provenance.
    #[must_use]
    pub const fn facet(self, provenance: &super::Provenance) -> super::Facet {
        match self {
            Self::Card => super::Facet::Card,
            Self::Shop => super::Facet::Shop(provenance.shop),
            Self::Restricted => super::Facet::Restricted,
            Self::Private => super::Facet::Private(provenance.by),
        }
    }
}
