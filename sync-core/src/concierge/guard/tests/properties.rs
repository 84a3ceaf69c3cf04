//! What holds for any customer.

use proptest::prelude::*;

use super::*;

fn decision() -> impl Strategy<Value = Decision> {
    prop_oneof![
        Just(Decision::Unknown),
        Just(Decision::Allow),
        Just(Decision::Deny)
    ]
}

fn stages() -> impl Strategy<Value = (Stage, Request)> {
    let consents = proptest::collection::vec(decision(), 12);
    let contacts = proptest::collection::vec((-200_i64..40, any::<bool>(), 0_usize..3), 0..6);
    let flags = proptest::collection::vec(proptest::bool::weighted(0.15), 8);
    let asked = (
        0_usize..3,
        0_usize..4,
        any::<bool>(),
        any::<bool>(),
        0_i64..24,
    );
    (consents, contacts, flags, asked).prop_map(|(consents, contacts, flags, asked)| {
        let mut stage = Stage::new();
        let (channel, purpose, is_reply, is_direct, hour) = asked;
        stage.now = NOON.plus_ms(hour * HOUR);
        for (consent, decision) in stage.whole.view.consents.iter_mut().zip(consents) {
            consent.decision = decision;
        }
        let channels = [Channel::Call, Channel::Sms, Channel::Email];
        for (hours, by_customer, channel) in contacts {
            stage.contact(hours, by_customer, channels[channel]);
        }
        let spoil: [Spoil; 8] = [
            |stage| stage.whole.view.contact.blocked = Some(fact(None, NOON)),
            |stage| stage.whole.view.contact.owner_only = Some(fact(None, NOON)),
            |stage| {
                stage.whole.view.contact.paused_until = Some(fact(NOON.plus_ms(HOUR), NOON));
            },
            |stage| {
                let preferred = vec![Channel::Email, Channel::Sms];
                stage.whole.view.contact.channels = Some(fact(preferred, NOON));
            },
            complain,
            |stage| stage.synced_at = None,
            |stage| stage.held = Held::default(),
            |stage| stage.whole.view.endpoints[0].status = EndpointStatus::Revoked,
        ];
        for (_, spoil) in flags.into_iter().zip(spoil).filter(|(flag, _)| *flag) {
            spoil(&mut stage);
        }
        let purposes = [
            Purpose::Care,
            Purpose::Sell,
            Purpose::Event,
            Purpose::Service,
        ];
        let request = Request {
            channel: channels[channel],
            purpose: purposes[purpose],
            content: Some("autumn".to_owned()),
            is_reply,
            way: if is_direct {
                Way::Direct
            } else {
                Way::ThroughHub
            },
            ask: None,
        };
        (stage, request)
    })
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.whole)
    }
}

/// How much a verdict permits.
fn rank(verdict: &Verdict) -> u8 {
    match verdict.ruling {
        Ruling::Deny { .. } => 0,
        Ruling::Hold { .. } => 1,
        Ruling::Allow => 2,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn less_consent_never_turns_a_denial_into_a_yes((mut stage, request) in stages(), which in 0_usize..12, worse in decision()) {
        let before = stage.ask(&request);
        let consent = &mut stage.whole.view.consents[which];
        let is_asked = (consent.channel, consent.purpose) == (Some(request.channel), request.purpose);
        let order = |decision| match decision {
            Decision::Deny => 0,
            Decision::Unknown => 1,
            Decision::Allow => 2,
        };
        if order(worse) < order(consent.decision) {
            consent.decision = worse;
        }
        let after = stage.ask(&request);
        prop_assert!(rank(&before) > 0 || rank(&after) == 0);
        if is_asked {
            prop_assert!(rank(&after) <= rank(&before));
        }
    }

    #[test]
    fn what_holds_ends_at_a_finite_moment_or_names_what_ends_it((stage, request) in stages()) {
        if let Ruling::Hold { until: Until::Moment(until), .. } = stage.ask(&request).ruling {
            prop_assert!(until > stage.now);
            prop_assert!(until <= stage.now.plus_ms(8 * 24 * HOUR));
        }
    }

    #[test]
    fn the_order_of_what_is_known_changes_nothing((mut stage, request) in stages()) {
        let before = stage.ask(&request);
        stage.whole.contacts.reverse();
        stage.whole.view.consents.reverse();
        prop_assert_eq!(before, stage.ask(&request));
    }
}
