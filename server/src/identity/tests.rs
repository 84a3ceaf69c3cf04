//! Stories of people and handhelds: enrolment, sign-in, refresh, and the end of all of it.

use sync_core::crypto::SoftwareDeviceKey;
use sync_core::entropy::SeededEntropy;
use sync_core::ids::SessionId;

use super::access::{Role, Scope, Scopes};
use super::directory::security_events;
use super::dpop::Presented;
use super::people::{AssociateChange, Subject};
use super::rows::SessionEnd;
use super::*;
use crate::testing::{PASSWORD, TestDevice, TestHub};

mod credentials;

const MINUTE_MS: i64 = 60_000;

fn key(seed: u64) -> SoftwareDeviceKey {
    SoftwareDeviceKey::generate(&mut SeededEntropy::new(seed))
}

fn events(hub: &TestHub) -> Vec<SecurityEvent> {
    let rows = security_events(&*hub.store.read().unwrap(), 100).unwrap();
    rows.into_iter().map(|row| row.kind).collect()
}

async fn hub_with_ana() -> (TestHub, TestDevice, sync_core::ids::AssociateId) {
    let hub = TestHub::start().await;
    let device = hub.enrol(100).await;
    let ana = hub.add("ana", Role::Associate, hub.shop).await;
    (hub, device, ana)
}

fn device_token(hub: &TestHub, device: &TestDevice) -> Result<String, IdentityError> {
    let path = "/v1/auth/device-token";
    let proof = device.proof(&hub.identity, "POST", path, None);
    let presented = Presented {
        proof: &proof,
        method: "POST",
        path,
        token: None,
    };
    let token = hub.identity.device_token(device.id, &presented)?;
    Ok(token.token.expose().clone())
}

#[tokio::test]
async fn a_handheld_is_enrolled_by_either_form_of_the_code() {
    let hub = TestHub::start().await;
    let scanned = hub
        .try_enrol(&key(1), &hub.first_code.scanned)
        .await
        .unwrap();
    assert_eq!(scanned.shop, hub.shop);
    assert_eq!(scanned.hub_key, hub.keys.hub_key().public_key());
    let spoken = hub.code(hub.shop).await.typed.to_uppercase();
    let (front, back) = spoken.split_at(5);
    let spoken = format!("{front}-{back}");
    let typed = hub.try_enrol(&key(2), &spoken).await.unwrap();
    assert_ne!(typed.device, scanned.device);
    let known = hub.identity.device_key(scanned.device).unwrap();
    assert_eq!(known, sync_core::crypto::DeviceSigner::public_key(&key(1)));
}

#[tokio::test]
async fn a_code_works_once_and_for_ten_minutes() {
    let hub = TestHub::start().await;
    let code = hub.code(hub.shop).await;
    hub.try_enrol(&key(1), &code.typed).await.unwrap();
    for again in [&code.typed, &code.scanned] {
        let refused = hub.try_enrol(&key(2), again).await;
        assert!(matches!(refused, Err(IdentityError::EnrolmentRefused)));
    }
    let old = hub.code(hub.shop).await;
    hub.clock.advance_ms(10 * MINUTE_MS);
    let refused = hub.try_enrol(&key(3), &old.typed).await;
    assert!(matches!(refused, Err(IdentityError::EnrolmentRefused)));
}

#[tokio::test]
async fn five_wrong_tries_kill_a_code_and_no_other() {
    let hub = TestHub::start().await;
    let (code, other) = (hub.code(hub.shop).await, hub.code(hub.shop).await);
    let (name, _) = code.typed.split_at(4);
    let wrong = format!("{name}zzzzzz");
    for _ in 0..5 {
        let refused = hub.try_enrol(&key(1), &wrong).await;
        assert!(matches!(refused, Err(IdentityError::EnrolmentRefused)));
    }
    let dead = hub.try_enrol(&key(1), &code.typed).await;
    assert!(matches!(dead, Err(IdentityError::EnrolmentRefused)));
    assert!(events(&hub).contains(&SecurityEvent::CodeDied));
    assert!(hub.try_enrol(&key(1), &other.typed).await.is_ok());
}

#[tokio::test]
async fn a_key_is_enrolled_once() {
    let hub = TestHub::start().await;
    hub.try_enrol(&key(1), &hub.code(hub.shop).await.typed)
        .await
        .unwrap();
    let code = hub.code(hub.shop).await;
    let again = hub.try_enrol(&key(1), &code.typed).await;
    assert!(matches!(again, Err(IdentityError::Conflict(_))));
    assert!(
        hub.try_enrol(&key(2), &code.typed).await.is_ok(),
        "the code is not spent"
    );
}

#[tokio::test]
async fn an_enrolment_needs_a_fresh_nonce_and_the_key_it_names() {
    let hub = TestHub::start().await;
    let code = hub.code(hub.shop).await.typed;
    let signer = key(1);
    let request = |nonce: String, by: &SoftwareDeviceKey| {
        use sync_core::crypto::DeviceSigner as _;
        let message = enrolment::enrolment_message(&code, &signer.public_key(), &nonce);
        enrolment::EnrolRequest {
            code: code.clone(),
            key: signer.public_key(),
            nonce,
            signature: by.sign(&message).unwrap(),
            label: "Till".to_owned(),
            hardware_key: true,
        }
    };
    let stale = hub.identity.enrol(request("old".to_owned(), &signer)).await;
    assert!(matches!(
        stale,
        Err(IdentityError::Proof(ProofError::UseNonce))
    ));
    let forged = hub
        .identity
        .enrol(request(hub.identity.nonce(), &key(2)))
        .await;
    assert!(matches!(
        forged,
        Err(IdentityError::Proof(ProofError::Signature))
    ));
    let honest = hub
        .identity
        .enrol(request(hub.identity.nonce(), &signer))
        .await;
    assert!(honest.is_ok());
}

#[tokio::test]
async fn several_associates_work_on_one_handheld_each_in_their_own_session() {
    let (hub, device, ana) = hub_with_ana().await;
    let ben = hub.add("ben", Role::Associate, hub.shop).await;
    let of_ana = hub.sign_in(&device, " ANA ", PASSWORD).await.unwrap();
    let of_ben = hub.sign_in(&device, "ben", PASSWORD).await.unwrap();
    for (signed_in, associate) in [(&of_ana, ana), (&of_ben, ben)] {
        let principal = hub
            .request(&device, signed_in.access.token.expose())
            .unwrap();
        assert_eq!(principal.associate, Some(associate));
        assert_eq!(principal.device, Some(device.id));
        assert_eq!(principal.session, Some(signed_in.session));
        assert!(principal.scopes.has(Scope::Sync) && !principal.scopes.has(Scope::DeviceEnrol));
    }
    hub.identity.sign_out(of_ana.session).await.unwrap();
    assert!(hub.request(&device, of_ana.access.token.expose()).is_err());
    assert!(hub.request(&device, of_ben.access.token.expose()).is_ok());
}

#[tokio::test]
async fn a_second_sign_in_ends_the_first_and_both_stay_on_record() {
    let (hub, device, ana) = hub_with_ana().await;
    let first = hub.sign_in(&device, "ana", PASSWORD).await.unwrap();
    hub.clock.advance_ms(MINUTE_MS);
    let second = hub.sign_in(&device, "ana", PASSWORD).await.unwrap();
    assert!(hub.request(&device, first.access.token.expose()).is_err());
    assert!(hub.request(&device, second.access.token.expose()).is_ok());
    let record = hub.identity.session_record(first.session).unwrap().unwrap();
    assert_eq!((record.associate, record.device), (ana, Some(device.id)));
    assert_eq!(record.end, Some(SessionEnd::Superseded));
    assert_eq!(record.ended_at, Some(record.started_at.plus_ms(MINUTE_MS)));
    assert_eq!(
        hub.identity.session_record(SessionId([0; 8])).unwrap(),
        None
    );
}

#[tokio::test]
async fn wrong_names_and_passwords_get_the_same_answer_and_then_a_wait() {
    let (hub, device, _) = hub_with_ana().await;
    for name in ["ana", "nobody"] {
        for _ in 0..5 {
            let refused = hub.sign_in(&device, name, "wrong-password").await;
            assert!(
                matches!(refused, Err(IdentityError::SignInFailed)),
                "{name}"
            );
        }
        let waits = hub.sign_in(&device, name, PASSWORD).await.unwrap_err();
        let IdentityError::TooManyTries { until } = waits else {
            panic!("{name} should wait")
        };
        assert_eq!(until, hub.clock.now().plus_ms(15 * MINUTE_MS));
    }
    hub.clock.advance_ms(15 * MINUTE_MS);
    assert!(hub.sign_in(&device, "ana", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_handheld_serves_the_associates_of_its_shop() {
    let (hub, device, _) = hub_with_ana().await;
    let elsewhere = hub
        .identity
        .add_shop("Second", "Europe/Paris")
        .await
        .unwrap();
    hub.add("zoe", Role::Manager, elsewhere).await;
    let refused = hub.sign_in(&device, "zoe", PASSWORD).await;
    assert!(matches!(refused, Err(IdentityError::OtherShop)));
    let chain = hub
        .sign_in(&device, "manager", &hub.manager_password)
        .await
        .unwrap();
    assert_eq!(chain.shop, hub.shop);
}

#[tokio::test]
async fn a_refresh_token_rotates_and_a_lost_reply_gets_the_same_answer() {
    let (hub, device, _) = hub_with_ana().await;
    let first = hub.sign_in(&device, "ana", PASSWORD).await.unwrap();
    let token =
        |signed_in: &sessions::SignedIn| signed_in.refresh.clone().unwrap().expose().clone();
    let second = hub.refresh(&device, &token(&first)).await.unwrap();
    assert_ne!(token(&first), token(&second));
    hub.clock.advance_ms(MINUTE_MS);
    let repeated = hub.refresh(&device, &token(&first)).await.unwrap();
    assert_eq!(token(&repeated), token(&second), "the same successor");
    assert!(hub.request(&device, repeated.access.token.expose()).is_ok());
    let third = hub.refresh(&device, &token(&second)).await.unwrap();
    assert_ne!(token(&third), token(&second));
}

#[tokio::test]
async fn refreshes_side_by_side_get_the_same_answer() {
    let (hub, device, _) = hub_with_ana().await;
    let first = hub.sign_in(&device, "ana", PASSWORD).await.unwrap();
    let token = first.refresh.unwrap();
    let all = (0..8).map(|_| hub.refresh(&device, token.expose()));
    let all = futures_util::future::join_all(all).await;
    let successors: std::collections::BTreeSet<String> = all
        .into_iter()
        .map(|answer| answer.unwrap().refresh.unwrap().expose().clone())
        .collect();
    assert_eq!(successors.len(), 1);
    assert!(!successors.contains(token.expose()));
}

#[tokio::test]
async fn tries_side_by_side_are_counted_before_they_are_checked() {
    let (hub, device, _) = hub_with_ana().await;
    let tries = (0..30).map(|_| hub.sign_in(&device, "ana", "wrong-password"));
    let answers = futures_util::future::join_all(tries).await;
    let checked = answers
        .iter()
        .filter(|answer| matches!(answer, Err(IdentityError::SignInFailed)))
        .count();
    assert_eq!(checked, 5);
}

#[tokio::test]
async fn a_refresh_token_that_comes_back_late_ends_its_session() {
    for (steps, wait_ms) in [(1, MINUTE_MS + 1), (2, 0)] {
        let (hub, device, _) = hub_with_ana().await;
        let first = hub.sign_in(&device, "ana", PASSWORD).await.unwrap();
        let stolen = first.refresh.clone().unwrap();
        let mut last = first.clone();
        for _ in 0..steps {
            last = hub
                .refresh(&device, last.refresh.unwrap().expose())
                .await
                .unwrap();
        }
        hub.clock.advance_ms(wait_ms);
        let reused = hub.refresh(&device, stolen.expose()).await;
        assert!(matches!(reused, Err(IdentityError::SessionEnded)));
        assert!(
            hub.refresh(&device, last.refresh.unwrap().expose())
                .await
                .is_err()
        );
        assert!(hub.request(&device, last.access.token.expose()).is_err());
        assert_eq!(events(&hub).first(), Some(&SecurityEvent::RefreshReused));
        let record = hub.identity.session_record(first.session).unwrap().unwrap();
        assert_eq!(record.end, Some(SessionEnd::RefreshReused));
    }
}

#[tokio::test]
async fn a_refresh_token_is_worth_nothing_on_another_handheld() {
    let (hub, device, _) = hub_with_ana().await;
    let thief = hub.enrol(101).await;
    let signed_in = hub.sign_in(&device, "ana", PASSWORD).await.unwrap();
    let token = signed_in.refresh.unwrap();
    let refused = hub.refresh(&thief, token.expose()).await;
    assert!(matches!(
        refused,
        Err(IdentityError::Proof(ProofError::Key))
    ));
    assert!(
        hub.refresh(&device, token.expose()).await.is_ok(),
        "its owner is not harmed"
    );
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_at_the_end_of_the_shift() {
    let (hub, device, _) = hub_with_ana().await;
    let idle = hub.sign_in(&device, "ana", PASSWORD).await.unwrap();
    hub.clock.advance_ms(30 * MINUTE_MS);
    let lapsed = idle.refresh.unwrap();
    let refused = hub.refresh(&device, lapsed.expose()).await;
    assert!(matches!(refused, Err(IdentityError::SignInLapsed)));
    let mut shift = hub.sign_in(&device, "ana", PASSWORD).await.unwrap();
    let mut refreshed = 0;
    loop {
        hub.clock.advance_ms(20 * MINUTE_MS);
        match hub.refresh(&device, shift.refresh.unwrap().expose()).await {
            Ok(next) => shift = next,
            Err(error) => break assert!(matches!(error, IdentityError::SignInLapsed)),
        }
        refreshed += 1;
    }
    assert_eq!(
        refreshed,
        12 * 3 - 1,
        "twelve hours in steps of twenty minutes"
    );
}

#[tokio::test]
async fn a_handheld_hands_in_its_outbox_without_anybody_signed_in() {
    let (hub, device, _) = hub_with_ana().await;
    let token = device_token(&hub, &device).unwrap();
    let principal = hub.request(&device, &token).unwrap();
    assert_eq!(principal.role, Role::Device);
    assert_eq!(principal.associate, None);
    assert_eq!(principal.scopes, Scopes::of(&[Scope::SyncPush]));
}

#[tokio::test]
async fn a_bound_token_is_refused_without_its_proof_or_from_another_key() {
    let (hub, device, _) = hub_with_ana().await;
    let thief = hub.enrol(101).await;
    let token = hub
        .sign_in(&device, "ana", PASSWORD)
        .await
        .unwrap()
        .access
        .token;
    let naked = hub.bearer(token.expose());
    assert!(matches!(
        naked,
        Err(IdentityError::Proof(ProofError::Missing))
    ));
    let stolen = hub.request(&thief, token.expose());
    assert!(matches!(stolen, Err(IdentityError::Proof(ProofError::Key))));
    assert!(hub.request(&device, token.expose()).is_ok());
}

#[tokio::test]
async fn only_managers_sign_in_without_a_handheld() {
    let (hub, _, _) = hub_with_ana().await;
    let here = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    let password = || Secret::new(PASSWORD.to_owned());
    let refused = hub
        .identity
        .sign_in_at_office("ana", password(), here)
        .await;
    assert!(matches!(refused, Err(IdentityError::HandheldOnly)));
    let token = hub
        .office(&hub.manager_password)
        .await
        .unwrap()
        .access
        .token;
    let principal = hub.bearer(token.expose()).unwrap();
    assert_eq!((principal.role, principal.device), (Role::Manager, None));
    hub.clock.advance_ms(11 * MINUTE_MS);
    assert!(hub.bearer(token.expose()).is_err(), "it lives ten minutes");
}

#[tokio::test]
async fn the_last_manager_of_the_chain_stays() {
    let hub = TestHub::start().await;
    hub.add("shop-manager", Role::Manager, hub.shop).await;
    let leaves = hub
        .identity
        .deactivate(Subject::Associate(hub.manager))
        .await;
    assert!(matches!(leaves, Err(IdentityError::Conflict(_))));
    let demoted = AssociateChange {
        role: Some(Role::Associate),
        ..AssociateChange::default()
    };
    let demoted = hub.identity.change_associate(hub.manager, demoted).await;
    assert!(matches!(demoted, Err(IdentityError::Conflict(_))));
}

#[tokio::test]
async fn a_sign_in_name_is_given_once() {
    let (hub, _, ana) = hub_with_ana().await;
    hub.identity
        .deactivate(Subject::Associate(ana))
        .await
        .unwrap();
    let again = people::NewAssociate {
        login: "Ana".to_owned(),
        name: "Another Ana".to_owned(),
        role: Role::Associate,
        shop: hub.shop,
        chain: false,
        password: Secret::new(PASSWORD.to_owned()),
    };
    let taken = hub.identity.add_associate(again).await;
    assert!(
        matches!(taken, Err(IdentityError::Conflict(_))),
        "past edits name her"
    );
}

#[tokio::test]
async fn a_hub_that_was_started_again_knows_everybody() {
    let (hub, device, ana) = hub_with_ana().await;
    let signed_in = hub.sign_in(&device, "ana", PASSWORD).await.unwrap();
    let ended = hub
        .sign_in(&device, "manager", &hub.manager_password)
        .await
        .unwrap();
    hub.identity.sign_out(ended.session).await.unwrap();
    let again = hub.restarted_identity();
    let (before, after) = (hub.identity.directory(), again.directory());
    assert_eq!(before.associates, after.associates);
    assert_eq!(before.devices, after.devices);
    assert_eq!(before.shops, after.shops);
    assert_eq!(before.sessions, after.sessions);
    assert_eq!(
        after
            .sessions
            .get(&signed_in.session)
            .map(|open| open.associate),
        Some(ana)
    );
}
