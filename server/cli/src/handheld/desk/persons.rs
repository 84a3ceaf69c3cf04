//! Cards and the people behind them: who may be known already, which cards are one person, guests who give their name, and what goes
//! with a customer when somebody else looks after them.

mod lines;
#[cfg(test)]
mod tests;

use carnet_ffi::{BookError, GuestIntroduction, GuestIs, MayExist, NamePartText};
use sync_core::card::Edit;
use sync_core::card::edit::{EndpointInput, Evidence};
use sync_core::card::normal;
use sync_core::card::terms::{
    Act, Channel, ConsentMethod, EndpointKind, InteractionKind, LinkEvidence, NamePart, Sameness,
};
use sync_core::ids::CustomerId;

use super::{Desk, LIST_MAX, Lines, said};
use crate::handheld::cards;

/// A line about cards and people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Persons {
    /// Begins a card.
    New(Newcomer),
    /// The cards of the open person, and others that may be theirs.
    Cards,
    /// That a card of the list, or of a name, is of the same person as the open one, or is not.
    Link {
        which: String,
        sameness: Sameness,
        evidence: Vec<LinkEvidence>,
    },
    ToAllot,
    Pack,
    Cases,
    /// The new one introduced themselves.
    Introduced(InteractionKind),
    Guests,
    /// A guest gave their name, or turned out to be the open customer.
    Welcome {
        /// The place of the guest in `guests`.
        guest: usize,
        evidence: Evidence,
        newcomer: Option<Newcomer>,
    },
}

/// Whom a card is begun for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Newcomer {
    given: String,
    family: Option<String>,
    endpoints: Vec<(EndpointKind, String)>,
}

/// Commands in the order of the help, each with what it takes and does.
pub(crate) const HELP: &[(&str, &str)] = &[
    (
        "new Léa Marchand +33612345678",
        "begin a card, with or without how to reach them; says who may be known already",
    ),
    (
        "person · same 2 said · apart 2",
        "the cards of this person · a card of the list is theirs (said, phone, email, loyalty) · is not",
    ),
    (
        "to-allot",
        "what was written while cards were one person that are two again",
    ),
    (
        "handover · introduce call",
        "what goes with them to a colleague · that you introduced yourself: call, message, or in person",
    ),
    ("cases", "their cases at the service desk"),
    (
        "guests · welcome 1 signature v3 Léa Marchand",
        "guests of today · one gives their name and how they agreed; without a name, they are the open customer",
    ),
];

/// Reads a line; none when its word is none of these.
pub(crate) fn read(word: &str, rest: &str) -> Option<Result<Persons, &'static str>> {
    let alone = |line, usage| {
        if rest.is_empty() {
            Ok(line)
        } else {
            Err(usage)
        }
    };
    Some(match word {
        "new" => newcomer(rest)
            .map(Persons::New)
            .ok_or("new Léa Marchand, or new Léa Marchand +33612345678"),
        "person" => alone(Persons::Cards, "person: the cards of who is open"),
        "same" => link(rest, Sameness::Same),
        "apart" => link(rest, Sameness::Different),
        "to-allot" => alone(Persons::ToAllot, "to-allot: of who is open"),
        "handover" => alone(Persons::Pack, "handover: what goes with who is open"),
        "cases" => alone(Persons::Cases, "cases: of who is open"),
        "introduce" => introduced(rest),
        "guests" => alone(Persons::Guests, "guests: those of today"),
        "welcome" => welcome(rest),
        _ => return None,
    })
}

/// `Léa Marchand +33612345678 lea@example.org`.
fn newcomer(rest: &str) -> Option<Newcomer> {
    let kind = |word: &str| match word {
        _ if word.contains('@') => Some(EndpointKind::Email),
        _ if word.starts_with('+') => Some(EndpointKind::Phone),
        _ => None,
    };
    let (mut names, mut endpoints) = (Vec::new(), Vec::new());
    for word in rest.split_whitespace() {
        match kind(word) {
            Some(kind) => endpoints.push((kind, word.to_owned())),
            None => names.push(word),
        }
    }
    let (given, family) = names.split_first()?;
    let family = family.join(" ");
    Some(Newcomer {
        given: (*given).to_owned(),
        family: (!family.is_empty()).then_some(family),
        endpoints,
    })
}

fn link(rest: &str, sameness: Sameness) -> Result<Persons, &'static str> {
    let mut words: Vec<_> = rest.split_whitespace().collect();
    let mut evidence = Vec::new();
    while let Some(one) = words.last().and_then(|word| LinkEvidence::parse(word)) {
        evidence.insert(0, one);
        words.pop();
    }
    if words.is_empty() {
        return Err(match sameness {
            Sameness::Same => {
                "same 2 said: a number of the list, or a name; then why (said, phone, email, loyalty)"
            }
            Sameness::Different => "apart 2: a number of the list, or a name",
        });
    }
    if evidence.is_empty() {
        // Whoever types it has looked.
        evidence.push(LinkEvidence::Said);
    }
    Ok(Persons::Link {
        which: words.join(" "),
        sameness,
        evidence,
    })
}

fn introduced(rest: &str) -> Result<Persons, &'static str> {
    Ok(Persons::Introduced(match rest {
        "" => InteractionKind::Service,
        "call" => InteractionKind::Call,
        "message" => InteractionKind::Message,
        _ => return Err("introduce, introduce call, or introduce message"),
    }))
}

/// `1 signature v3 Léa Marchand`.
fn welcome(rest: &str) -> Result<Persons, &'static str> {
    let usage = "welcome 1 signature v3 Léa Marchand: a number of `guests`, how they agreed (signature, web_form, spoken, message), to which version of the text, and their name";
    let mut words = rest.splitn(4, char::is_whitespace);
    let mut word = || words.next().map(str::trim).filter(|word| !word.is_empty());
    let guest = word().and_then(|number| number.parse::<usize>().ok());
    let guest = guest
        .and_then(|number| number.checked_sub(1))
        .ok_or(usage)?;
    let method = word().and_then(|how| ConsentMethod::parse(&how.to_lowercase()));
    let evidence = Evidence {
        method: method.ok_or(usage)?,
        text_version: word().ok_or(usage)?.to_owned(),
        reference: None,
    };
    let newcomer = match word() {
        Some(name) => Some(newcomer(name).ok_or(usage)?),
        None => None,
    };
    Ok(Persons::Welcome {
        guest,
        evidence,
        newcomer,
    })
}

impl Newcomer {
    fn name(&self) -> Vec<NamePartText> {
        let part = |part, text: &str| NamePartText {
            part,
            text: text.to_owned(),
        };
        let family = self.family.as_deref();
        let family = family.map(|family| part(NamePart::Family, family));
        let given = part(NamePart::Given, &self.given);
        std::iter::once(given).chain(family).collect()
    }

    fn endpoints(&self) -> Vec<EndpointInput> {
        let endpoint = |(kind, value): &(EndpointKind, String)| EndpointInput {
            kind: *kind,
            value: value.clone(),
        };
        self.endpoints.iter().map(endpoint).collect()
    }
}

impl Desk {
    pub(super) fn persons(&mut self, line: Persons) -> Lines {
        match line {
            Persons::New(newcomer) => self.begin_card(&newcomer),
            Persons::Cards => self.cards_of_person(),
            Persons::Link {
                which,
                sameness,
                evidence,
            } => self.link(&which, sameness, evidence),
            Persons::ToAllot => {
                let to_allot = self.book.person(self.opened()?)?.to_allot;
                lines::to_allot(&to_allot, &|customer| self.named(customer))
            }
            Persons::Pack => lines::pack(&self.book.handover_pack_json(self.opened()?)?),
            Persons::Cases => Ok(lines::cases(&self.book.service_cases(self.opened()?)?)),
            Persons::Introduced(kind) => {
                self.book.record(self.opened()?, introduction(kind))?;
                said("Recorded: they know who looks after them now.")
            }
            Persons::Guests => Ok(lines::guests(&self.book.guests()?)),
            Persons::Welcome {
                guest,
                evidence,
                newcomer,
            } => self.welcome(guest, evidence, newcomer),
        }
    }

    /// Begins a card, and says who may be known already: the card is begun all the same, since a link joins the two later.
    fn begin_card(&mut self, newcomer: &Newcomer) -> Lines {
        let warnings = self.may_be_known(newcomer)?;
        let alike = self.alike(&newcomer.name())?;
        let customer = self
            .book
            .create_customer(newcomer.name(), newcomer.endpoints(), None)?;
        self.open = Some(customer);
        let mut lines = vec!["Begun. Everything you type now is about them.".to_owned()];
        lines.extend(warnings);
        lines.extend(self.list_alike(alike)?);
        Ok(lines)
    }

    /// What the index of the chain says of each number and address.
    fn may_be_known(&self, newcomer: &Newcomer) -> Lines {
        let mut lines = Vec::new();
        for (kind, endpoint) in &newcomer.endpoints {
            lines.extend(known_elsewhere(
                self.book.may_exist(*kind, endpoint.clone())?,
                endpoint,
            ));
        }
        Ok(lines)
    }

    /// A warning for a number or address that is not on the card yet.
    pub(super) fn warn_of(
        &self,
        customer: CustomerId,
        (kind, endpoint): (EndpointKind, &str),
    ) -> Lines {
        let known = self.book.may_exist(kind, endpoint.to_owned())?;
        let form = normal::endpoint(kind, endpoint).unwrap_or_default();
        let card = self.book.customer(customer)?;
        if card.endpoints.iter().any(|one| one.value == form) {
            return Ok(Vec::new());
        }
        Ok(known_elsewhere(known, endpoint).into_iter().collect())
    }

    /// Who in this book has a name like this.
    fn alike(&self, name: &[NamePartText]) -> Result<Vec<CustomerId>, BookError> {
        let words: Vec<_> = name.iter().map(|part| part.text.as_str()).collect();
        let found = self.book.search(words.join(" "), LIST_MAX)?;
        Ok(found.hits.iter().map(|hit| hit.customer).collect())
    }

    /// Lists cards that may be of the same person as the one that is open.
    fn list_alike(&mut self, alike: Vec<CustomerId>) -> Lines {
        if alike.is_empty() {
            return Ok(Vec::new());
        }
        let mut lines = vec!["They may be in this book already:".to_owned()];
        lines.extend(self.list(alike)?);
        lines
            .push("`same 1` says that the first is the same person; `open 1` shows it.".to_owned());
        Ok(lines)
    }

    /// Makes these the list.
    fn list(&mut self, customers: Vec<CustomerId>) -> Lines {
        let mut lines = Vec::new();
        for (number, customer) in (1..).zip(&customers) {
            lines.push(match self.book.row(*customer)? {
                Some(hit) => cards::hit(number, &hit),
                None => format!("{number:>3}  (not in this book)"),
            });
        }
        self.listed = customers;
        Ok(lines)
    }

    fn cards_of_person(&mut self) -> Lines {
        let customer = self.opened()?;
        let person = self.book.person(customer)?;
        let mut lines = lines::standing(&person, &|customer| self.named(customer));
        let mut listed = person.members;
        let card = self.book.customer(customer)?;
        let parts = card.name_parts.iter();
        let names = parts.filter(|line| matches!(line.part, NamePart::Given | NamePart::Family));
        let names: Vec<_> = names
            .map(|line| NamePartText {
                part: line.part,
                text: line.text.clone(),
            })
            .collect();
        let alike = self.alike(&names)?;
        let alike = alike.into_iter().filter(|one| !listed.contains(one));
        let alike: Vec<_> = alike.collect();
        let own = listed.len();
        listed.extend(alike);
        let all = self.list(listed)?;
        let (own, alike) = all.split_at(own.min(all.len()));
        lines.extend_from_slice(own);
        if !alike.is_empty() {
            lines.push("Of a like name in this book:".to_owned());
            lines.extend_from_slice(alike);
        }
        Ok(lines)
    }

    fn link(&mut self, which: &str, sameness: Sameness, evidence: Vec<LinkEvidence>) -> Lines {
        let customer = self.opened()?;
        let other = match self.chosen(which)? {
            Ok(other) => other,
            Err(others) => return Ok(others),
        };
        self.book
            .link_customers(customer, other, sameness, evidence)?;
        said(match sameness {
            Sameness::Same => "Recorded: one person. Nothing was moved; `apart` undoes it.",
            Sameness::Different => {
                "Recorded: two people. `to-allot` lists what was written while they were one."
            }
        })
    }

    fn welcome(&mut self, guest: usize, evidence: Evidence, newcomer: Option<Newcomer>) -> Lines {
        let Some(guest) = self.book.guests()?.into_iter().nth(guest) else {
            return said("There is no such guest: `guests` numbers them.");
        };
        let mut warnings = Vec::new();
        let mut alike = Vec::new();
        let who = match newcomer {
            Some(newcomer) => {
                warnings = self.may_be_known(&newcomer)?;
                alike = self.alike(&newcomer.name())?;
                GuestIs::Newcomer {
                    name: newcomer.name(),
                    language: None,
                    endpoints: newcomer.endpoints(),
                }
            }
            None => GuestIs::Known {
                customer: self.opened()?,
            },
        };
        let introduction = GuestIntroduction { evidence, who };
        let customer = self.book.introduce_guest(guest.id, introduction)?;
        self.open = Some(customer);
        let mut lines = vec!["Welcome: what they said is on the card that is open now.".to_owned()];
        lines.extend(warnings);
        lines.extend(self.list_alike(alike)?);
        Ok(lines)
    }

    fn named(&self, customer: CustomerId) -> String {
        let name = self.name_of(customer);
        name.unwrap_or_else(|| "a card that is not in this book".to_owned())
    }
}

/// What to say of a number or address that the chain may know.
fn known_elsewhere(known: MayExist, endpoint: &str) -> Option<String> {
    match known {
        MayExist::No => None,
        MayExist::Maybe => Some(format!(
            "{endpoint} may already exist in the chain: `find` the end of it, or `visitor {endpoint}` looks for them in other shops."
        )),
        MayExist::Unknown => Some(format!(
            "Whether the chain knows {endpoint} can't be told here before the next sync."
        )),
    }
}

fn introduction(kind: InteractionKind) -> Edit {
    Edit::RecordInteraction {
        kind,
        visit: None,
        channel: (kind == InteractionKind::Call).then_some(Channel::Call),
        sku: None,
        by_customer: false,
        summary: None,
        act: Some(Act::Handover),
        about: None,
        spent: None,
    }
}
