//! Each rule by itself, and their order.

mod person;
mod properties;
mod ways;
mod zones;

use super::*;
use crate::card::reduce::Decision;
use crate::card::terms::{Agreement, AskKind, InteractionKind};
use crate::card::value::Source;
use crate::card::view::{AskView, ConsentView, Fact, InteractionView};
use crate::concierge::picture::{House, Told, Viewer, Whole};
use crate::concierge::rights::{Held, Holder, Marks, RightBody, Slot};
use crate::ids::{CustomerId, DeviceId, SessionId, ShopId};
use crate::limits::CLOCK_TOLERANCE_MS;
use crate::notices::bodies::{CaseBody, CaseState, ContactBody, OwnerBody, ShopBody};

const HOUR: i64 = 3_600_000;
/// A Sunday, 12:00 UTC.
const NOON: Timestamp = Timestamp(1_800_014_400_000);
const SHOP: ShopId = ShopId([7; 8]);
const ME: AssociateId = AssociateId([1; 8]);
const COLLEAGUE: AssociateId = AssociateId([2; 8]);
const CUSTOMER: CustomerId = CustomerId([9; 16]);
const HERE: Holder = Holder {
    device: DeviceId([3; 8]),
    session: SessionId([4; 8]),
};

fn edit(number: u8) -> EditId {
    EditId([number; 10])
}

fn fact<T>(value: T, at: Timestamp) -> Fact<T> {
    Fact {
        value,
        sources: vec![edit(1)],
        by: ME,
        shop: SHOP,
        at,
        source: Source::Stated,
        needs_confirmation: false,
    }
}

type Spoil = fn(&mut Stage);

struct Stage {
    whole: Whole,
    house: House,
    now: Timestamp,
    synced_at: Option<Timestamp>,
    settings: Settings,
    held: Held,
}

impl Stage {
    /// A customer whom one may call, write and send e-mail for any purpose, and a right for that.
    fn new() -> Self {
        let mut whole = Whole {
            members: vec![CUSTOMER],
            ..Whole::default()
        };
        for channel in [Channel::Call, Channel::Sms, Channel::Email] {
            for purpose in [
                Purpose::Care,
                Purpose::Sell,
                Purpose::Event,
                Purpose::Service,
            ] {
                whole.view.consents.push(ConsentView {
                    channel: Some(channel),
                    purpose,
                    decision: Decision::Allow,
                    sources: vec![edit(2)],
                    at: NOON,
                });
            }
        }
        for (id, kind) in [("p", EndpointKind::Phone), ("e", EndpointKind::Email)] {
            whole.view.endpoints.push(EndpointView {
                id: id.to_owned(),
                kind,
                value: fact("x".to_owned(), NOON),
                status: EndpointStatus::Ok,
            });
        }
        let mut house = House::default();
        let shop = ShopBody {
            name: "Rive".to_owned(),
            clock: vec![(Timestamp(0), 0)],
            currency: None,
        };
        house.shops.insert(SHOP, shop);
        let slot = Slot {
            from: NOON.plus_ms(-24 * HOUR),
            until: NOON.plus_ms(4 * 24 * HOUR),
        };
        Self {
            whole,
            house,
            now: NOON,
            synced_at: Some(NOON.plus_ms(-HOUR)),
            settings: Settings::default(),
            held: Held::new(HERE, [right(slot)], Marks::default()),
        }
    }

    fn ask(&self, request: &Request) -> Verdict {
        self.judge(request, Rights::Handheld(&self.held))
    }

    fn judge(&self, request: &Request, rights: Rights<'_>) -> Verdict {
        let picture = Picture {
            customer: CUSTOMER,
            whole: &self.whole,
            house: &self.house,
            viewer: Viewer {
                associate: ME,
                device: HERE.device,
                shop: SHOP,
            },
            synced_at: self.synced_at,
            now: self.now,
        };
        guard(&picture, request, &self.settings, rights)
    }

    fn contact(&mut self, hours: i64, by_customer: bool, channel: Channel) {
        let body = ContactBody {
            channel: Some(channel.as_str().to_owned()),
            purpose: None,
            at: self.now.plus_ms(hours * HOUR),
            by_customer,
            summary: None,
            content: Some("autumn".to_owned()),
            by: None,
            act: None,
        };
        self.whole.contacts.push(Told {
            key: format!("crm:{}", self.whole.contacts.len()),
            source: "crm".to_owned(),
            as_of: self.now,
            body,
        });
    }
}

fn right(slot: Slot) -> (String, RightBody) {
    let right = RightBody::Contact {
        holder: HERE,
        slot,
        customers: vec![CUSTOMER],
    };
    ("contact/1".to_owned(), right)
}

fn call(purpose: Purpose) -> Request {
    Request {
        channel: Channel::Call,
        purpose,
        content: None,
        is_reply: false,
        way: Way::Direct,
        ask: None,
    }
}

#[track_caller]
fn denies(stage: &Stage, request: &Request, reason: Reason) {
    assert_eq!(stage.ask(request).ruling, Ruling::Deny { reason });
}

#[track_caller]
fn holds(stage: &Stage, request: &Request, reason: Reason) -> Until {
    let verdict = stage.ask(request);
    assert_eq!(verdict.reason(), Some(reason), "{verdict:?}");
    let Ruling::Hold { until, .. } = verdict.ruling else {
        panic!("expected a hold for {reason:?}, found {verdict:?}");
    };
    until
}

#[test]
fn a_customer_who_agreed_may_be_called() {
    let verdict = Stage::new().ask(&call(Purpose::Care));
    assert!(verdict.is_allowed());
    assert_eq!(verdict.sources, [edit(2).to_string()]);
}

#[test]
fn the_rules_decide_in_their_order() {
    let mut stage = Stage::new();
    let sell = Request {
        content: Some("autumn".to_owned()),
        ..call(Purpose::Sell)
    };
    let steps: [(Reason, Spoil); 12] = [
        (Reason::NoRight, |stage| stage.held = Held::default()),
        (Reason::StaleReplica, |stage| stage.synced_at = None),
        (Reason::Duplicate, |stage| {
            stage.contact(-80 * 24, false, Channel::Email);
        }),
        (Reason::CapDay, |stage| {
            stage.contact(-2, false, Channel::Email);
        }),
        (Reason::QuietHours, |stage| {
            stage.now = NOON.plus_ms(8 * HOUR);
        }),
        (Reason::OpenComplaint, complain),
        (Reason::OwnerOnly, |stage| {
            stage.whole.view.contact.owner_only = Some(fact(None, NOON));
        }),
        (Reason::ChannelNotPreferred, |stage| {
            stage.whole.view.contact.channels = Some(fact(vec![Channel::Email], NOON));
        }),
        (Reason::EndpointClosed, |stage| {
            stage.whole.view.endpoints[0].status = EndpointStatus::WrongPerson;
        }),
        (Reason::ConsentDenied, |stage| {
            for consent in &mut stage.whole.view.consents {
                consent.decision = Decision::Deny;
            }
        }),
        (Reason::Paused, |stage| {
            let until = NOON.plus_ms(1_000 * HOUR);
            stage.whole.view.contact.paused_until = Some(fact(until, NOON));
        }),
        (Reason::Erased, |stage| stage.whole.is_erased = true),
    ];
    for (reason, spoil) in steps {
        spoil(&mut stage);
        assert_eq!(stage.ask(&sell).reason(), Some(reason));
    }
}

fn complain(stage: &mut Stage) {
    let body = CaseBody {
        topic: "strap".to_owned(),
        is_complaint: true,
        state: CaseState::Open,
        opened_at: NOON,
        solved_at: None,
        sku: None,
    };
    stage.whole.cases.push(Told {
        key: "desk:1".to_owned(),
        source: "desk".to_owned(),
        as_of: NOON,
        body,
    });
}

#[test]
fn a_minor_and_who_wants_no_contact_are_left_in_peace() {
    let mut stage = Stage::new();
    stage.whole.view.contact.blocked = Some(fact(None, NOON));
    denies(&stage, &call(Purpose::Service), Reason::DoNotContact);
    stage.whole.view.contact.is_minor = Some(fact(true, NOON));
    denies(&stage, &call(Purpose::Service), Reason::Minor);
}

#[test]
fn without_consent_only_a_reply_within_72_hours_is_allowed() {
    let mut stage = Stage::new();
    stage.whole.view.consents.clear();
    let reply = Request {
        is_reply: true,
        ..call(Purpose::Care)
    };
    denies(&stage, &reply, Reason::NoConsent);
    stage.contact(-71, true, Channel::Call);
    assert_eq!(stage.ask(&reply).ruling, Ruling::Allow);
    assert_eq!(stage.ask(&reply).sources, ["crm:0"]);
    denies(&stage, &call(Purpose::Care), Reason::NoConsent);
    let elsewhere = Request {
        channel: Channel::Email,
        ..reply.clone()
    };
    denies(&stage, &elsewhere, Reason::NoConsent);
    stage.now = stage.now.plus_ms(2 * HOUR);
    denies(&stage, &reply, Reason::NoConsent);
}

#[test]
fn what_claims_to_lie_ahead_permits_nothing_and_restricts_as_if_it_were_now() {
    let mut stage = Stage::new();
    stage.contact(24 * 1_000, true, Channel::Call);
    stage.whole.view.consents.clear();
    let reply = Request {
        is_reply: true,
        ..call(Purpose::Care)
    };
    denies(&stage, &reply, Reason::NoConsent);
    let mut stage = Stage::new();
    stage.contact(24 * 1_000, false, Channel::Call);
    let until = holds(&stage, &call(Purpose::Care), Reason::CapDay);
    assert_eq!(until, Until::Moment(NOON.plus_ms(24 * HOUR)));
    let mut stage = Stage::new();
    stage.synced_at = Some(NOON.plus_ms(CLOCK_TOLERANCE_MS + 1));
    holds(&stage, &call(Purpose::Care), Reason::StaleReplica);
}

#[test]
fn who_ended_the_relationship_is_contacted_for_service_only() {
    let mut stage = Stage::new();
    stage.whole.view.agreement = Some(fact(Agreement::Ended, NOON));
    denies(&stage, &call(Purpose::Care), Reason::RelationshipEnded);
    assert!(stage.ask(&call(Purpose::Service)).is_allowed());
}

#[test]
fn a_preferred_channel_is_named_only_where_it_may_be_used() {
    let mut stage = Stage::new();
    stage.whole.view.contact.channels = Some(fact(vec![Channel::Email], NOON));
    let until = holds(&stage, &call(Purpose::Care), Reason::ChannelNotPreferred);
    assert_eq!(until, Until::Done(Unblocker::UseChannel(Channel::Email)));
    stage.whole.view.endpoints[1].status = EndpointStatus::Revoked;
    assert!(stage.ask(&call(Purpose::Care)).is_allowed());
}

#[test]
fn a_public_figure_is_approached_by_their_owner_alone() {
    let mut stage = Stage::new();
    stage.whole.view.contact.owner_only = Some(fact(None, NOON));
    denies(&stage, &call(Purpose::Care), Reason::OwnerOnly);
    stage.whole.owner = Some(OwnerBody {
        owner: ME,
        since: NOON,
    });
    assert!(stage.ask(&call(Purpose::Care)).is_allowed());
}

#[test]
fn an_open_complaint_stops_selling_and_nothing_else() {
    let mut stage = Stage::new();
    complain(&mut stage);
    let until = holds(&stage, &call(Purpose::Sell), Reason::OpenComplaint);
    assert_eq!(
        until,
        Until::Done(Unblocker::SolveCase("desk:1".to_owned()))
    );
    assert!(stage.ask(&call(Purpose::Care)).is_allowed());
}

#[test]
fn quiet_hours_are_those_of_the_shop_where_the_customer_was_last_seen() {
    let mut stage = Stage::new();
    let tokyo = ShopBody {
        name: "Ginza".to_owned(),
        clock: vec![(Timestamp(0), 9 * 60)],
        currency: None,
    };
    let ginza = ShopId([8; 8]);
    stage.house.shops.insert(ginza, tokyo);
    let mut arrived = fact(None, NOON.plus_ms(-HOUR));
    arrived.shop = ginza;
    stage.whole.view.visits.push(crate::card::view::VisitView {
        id: edit(5),
        arrived,
        captured: Vec::new(),
        closed_at: None,
        thread: None,
        open: false,
    });
    // 21:00 in Tokyo; the next morning there is midnight in UTC.
    let until = holds(&stage, &call(Purpose::Care), Reason::QuietHours);
    assert_eq!(until, Until::Moment(NOON.plus_ms(12 * HOUR)));
}

#[test]
fn the_night_in_which_the_clock_changes_ends_by_the_new_clock() {
    let mut stage = Stage::new();
    let midnight = NOON.plus_ms(12 * HOUR);
    if let Some(shop) = stage.house.shops.get_mut(&SHOP) {
        shop.clock = vec![(Timestamp(0), 120), (midnight, 60)];
    }
    stage.now = NOON.plus_ms(8 * HOUR);
    let until = holds(&stage, &call(Purpose::Care), Reason::QuietHours);
    assert_eq!(until, Until::Moment(midnight.plus_ms(8 * HOUR)));
}

#[test]
fn a_shop_without_a_clock_holds_until_the_hub_is_met() {
    let mut stage = Stage::new();
    stage.house.shops.clear();
    let until = holds(&stage, &call(Purpose::Care), Reason::ClockUnknown);
    assert_eq!(until, Until::Done(Unblocker::Sync));
}

#[test]
fn caps_count_every_channel_and_associate_but_no_thread_the_customer_began() {
    let mut stage = Stage::new();
    stage.contact(-23, false, Channel::Email);
    stage.contact(-100, false, Channel::Sms);
    let until = holds(&stage, &call(Purpose::Care), Reason::CapWeek);
    assert_eq!(until, Until::Moment(NOON.plus_ms((7 * 24 - 100) * HOUR)));
    stage.whole.contacts.pop();
    let until = holds(&stage, &call(Purpose::Care), Reason::CapDay);
    assert_eq!(until, Until::Moment(NOON.plus_ms(HOUR)));
    stage.contact(-24, true, Channel::Email);
    assert!(stage.ask(&call(Purpose::Care)).is_allowed());
}

#[test]
fn a_call_spends_the_right_and_the_owner_has_the_next() {
    let mut stage = Stage::new();
    stage.whole.view.interactions.push(InteractionView {
        id: edit(8),
        kind: InteractionKind::Call,
        visit: None,
        channel: Some(Channel::Call),
        sku: None,
        by_customer: false,
        summary: fact(None, NOON),
        act: None,
        about: None,
        spent: None,
    });
    stage.now = NOON.plus_ms(25 * HOUR);
    stage.synced_at = Some(stage.now);
    stage.whole.owner = Some(OwnerBody {
        owner: COLLEAGUE,
        since: NOON,
    });
    let until = holds(&stage, &call(Purpose::Care), Reason::NoRight);
    assert_eq!(until, Until::Done(Unblocker::Owner(COLLEAGUE)));
    assert_eq!(
        stage.ask(&call(Purpose::Care)).sources,
        [edit(8).to_string()]
    );
}

#[test]
fn settings_that_can_not_stand_say_what_may() {
    assert!(Settings::default().problems().is_empty());
    let wrong = Settings {
        day_begins_minute: 1_200,
        contacts_per_week: 0,
        ..Settings::default()
    };
    let problems: Vec<String> = wrong.problems().iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "day_begins_minute: 1200 is not possible, expected 0 to 1080",
            "contacts_per_week: 0 is not possible, expected 1 to 7",
        ]
    );
}
