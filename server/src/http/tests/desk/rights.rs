//! Claims about rights: who gets them, on which handheld, and what they keep the hub from.

use std::collections::BTreeSet;

use sync_core::concierge::rights::RightBody;
use sync_core::feed;
use sync_core::ids::DeviceId;
use sync_core::scope::Scope as FeedScope;

use super::*;
use crate::desk::rights::{fate, gestures};

impl TestApp {
    /// Ana on a handheld, who looks after a customer first.
    pub(super) async fn owned(&self) -> (AssociateId, Arc<TestDevice>, CustomerId) {
        let ana = self.hub.add("ana", Role::Associate, self.hub.shop).await;
        let device = Arc::new(self.hub.enrol(100).await);
        let on_handheld = self.on_handheld(Arc::clone(&device), "ana").await;
        let ines = self.customer("Ines").await;
        let claim = json!({ "edit": "ask", "kind": "owner" });
        self.write(&on_handheld, ines, claim).await;
        self.desk(None).await;
        (ana, device, ines)
    }

    fn rights(&self, associate: AssociateId) -> Vec<(String, u64, RightBody)> {
        self.told(Subject::Associate(associate))
    }

    /// How many entries there are of what is for an associate.
    fn entries(&self, associate: AssociateId) -> u64 {
        let tx = self.hub.store.read().unwrap();
        feed::state(&*tx, FeedScope::Associate(associate))
            .unwrap()
            .seq
    }

    /// A handheld comes with nothing that waits, and says where it stands.
    fn stands(&self, device: DeviceId, of: &[(AssociateId, u64)]) {
        self.state
            .identity
            .stood(device, of.iter().copied().collect());
    }
}

fn device_of(right: &RightBody) -> DeviceId {
    match right {
        RightBody::Contact { holder, .. } | RightBody::Gesture { holder, .. } => holder.device,
    }
}

#[tokio::test]
async fn an_owner_who_is_signed_in_gets_a_slot_and_a_part_of_the_gesture_pool() {
    let app = TestApp::with_desk().await;
    let (ana, device, ines) = app.owned().await;
    let rights = app.rights(ana);
    assert_eq!(rights.len(), 2);
    assert!(
        rights
            .iter()
            .all(|(_, _, right)| device_of(right) == device.id)
    );
    let RightBody::Contact {
        slot, customers, ..
    } = &rights[0].2
    else {
        panic!("contact comes before gesture");
    };
    assert_eq!(customers, &[ines]);
    assert!(slot.holds(app.state.clock.now()));
    let RightBody::Gesture { amount_minor, .. } = &rights[1].2 else {
        panic!("a gesture right");
    };
    assert_eq!(*amount_minor, 5_000);
    app.later(60_000);
    let desk = Desk::new(app.state.clone(), None).unwrap();
    // What the desk itself told of her customer is looked at once more.
    desk.step().await.unwrap();
    assert_eq!(
        desk.step().await.unwrap(),
        0,
        "nothing changed: nobody is looked at"
    );
    assert_eq!(
        app.rights(ana),
        rights,
        "nothing new is posted while nothing changes"
    );
    let note = json!({ "edit": "tag", "tag": "opera" });
    app.write(&app.manager().await, ines, note).await;
    assert_eq!(desk.step().await.unwrap(), 1, "a customer of hers changed");
    let bounds = json!({ "right_days": 2 });
    let manager = app.manager().await;
    let set = app.ask(&manager, "PATCH", "/v1/settings", &bounds).await;
    assert_eq!(set.status, StatusCode::OK);
    assert_eq!(desk.step().await.unwrap(), 1, "other bounds");
}

/// Whom an associate may contact in some slot.
fn reachable(rights: &[(String, u64, RightBody)]) -> BTreeSet<CustomerId> {
    let customers = rights.iter().filter_map(|(_, _, right)| match right {
        RightBody::Contact { customers, .. } => Some(customers.clone()),
        RightBody::Gesture { .. } => None,
    });
    customers.flatten().collect()
}

#[tokio::test]
async fn customers_who_get_no_slot_now_do_not_keep_the_others_of_a_large_book_back() {
    let app = TestApp::with_desk().await;
    let (ana, device, ines) = app.owned().await;
    let handheld = app.on_handheld(device, "ana").await;
    let mut book = Vec::new();
    for number in 0..55 {
        let customer = app.customer(&format!("Customer {number}")).await;
        let claim = json!({ "edit": "ask", "kind": "owner" });
        app.write(&handheld, customer, claim).await;
        book.push(customer);
    }
    book.sort_unstable();
    // Two calls are as many as a week takes.
    let (full, free) = book.split_at(52);
    let called = json!({ "edit": "record_interaction", "kind": "call", "channel": "call", "summary": "called" });
    let manager = app.manager().await;
    for customer in full {
        app.write(&manager, *customer, called.clone()).await;
        app.write(&manager, *customer, called.clone()).await;
    }
    let desk = Desk::new(app.state.clone(), None).unwrap();
    while desk.step().await.unwrap() > 0 {}
    // Her slot was given before.
    let free: BTreeSet<CustomerId> = free.iter().copied().chain([ines]).collect();
    assert_eq!(reachable(&app.rights(ana)), free);
}

#[tokio::test]
async fn a_new_sign_in_on_the_same_handheld_takes_its_slots_over() {
    let app = TestApp::with_desk().await;
    let (ana, device, _) = app.owned().await;
    let before = app.rights(ana);
    app.later(30_000);
    app.on_handheld(Arc::clone(&device), "ana").await;
    app.desk(None).await;
    let after = app.rights(ana);
    let keys = |rights: &[(String, u64, RightBody)]| -> Vec<String> {
        rights.iter().map(|(key, ..)| key.clone()).collect()
    };
    assert_eq!(keys(&before), keys(&after));
    assert_ne!(before[0].2, after[0].2, "the holder is the new sign-in");
}

#[tokio::test]
async fn rights_follow_to_another_handheld_once_the_old_one_has_said_all() {
    let app = TestApp::with_desk().await;
    let (ana, old, ines) = app.owned().await;
    let on_old = app.on_handheld(Arc::clone(&old), "ana").await;
    app.desk(None).await;
    let gesture = json!({
        "edit": "record_interaction", "kind": "gesture", "summary": "flowers",
        "spent": { "minor": 1_500, "right": app.rights(ana)[1].0 },
    });
    app.write(&on_old, ines, gesture).await;
    let new = Arc::new(app.hub.enrol(200).await);
    app.later(30_000);
    app.on_handheld(Arc::clone(&new), "ana").await;
    app.desk(None).await;
    assert_eq!(
        app.rights(ana),
        [],
        "taken back there, and not yet given here"
    );
    app.later(30_000);
    let entry = app.entries(ana);
    app.stands(old.id, &[(ana, entry - 1)]);
    app.desk(None).await;
    assert_eq!(app.rights(ana), [], "it came before it was told");
    app.stands(old.id, &[(ana, entry)]);
    app.desk(None).await;
    let rights = app.rights(ana);
    assert_eq!(rights.len(), 2, "{rights:?}");
    assert!(
        rights
            .iter()
            .all(|(_, _, right)| device_of(right) == new.id)
    );
    let RightBody::Contact { slot, .. } = &rights[0].2 else {
        panic!("contact comes before gesture");
    };
    assert!(slot.holds(app.state.clock.now()), "the day is not lost");
    let RightBody::Gesture { amount_minor, .. } = &rights[1].2 else {
        panic!("a gesture right");
    };
    assert_eq!(*amount_minor, 3_500, "what was left");
}

#[tokio::test]
async fn rights_stay_where_something_was_refused_because_that_call_may_have_been_made() {
    let app = TestApp::with_desk().await;
    let (ana, old, _) = app.owned().await;
    let new = Arc::new(app.hub.enrol(200).await);
    app.later(30_000);
    app.on_handheld(Arc::clone(&new), "ana").await;
    app.desk(None).await;
    let (device, now) = (old.id, app.state.clock.now());
    let noted = app.state.book.write_batch(move |engine| {
        fate::note_unknown(engine.tx(), (ana, device), now)?;
        Ok::<_, DeskError>(())
    });
    noted.await.unwrap();
    app.later(30_000);
    app.stands(old.id, &[(ana, app.entries(ana))]);
    app.desk(None).await;
    assert_eq!(app.rights(ana), []);
}

#[tokio::test]
async fn rights_of_a_handheld_that_stays_away_are_given_on_when_its_lease_is_over() {
    let app = TestApp::with_desk().await;
    let (ana, old, _) = app.owned().await;
    let new = Arc::new(app.hub.enrol(200).await);
    app.later(30_000);
    app.on_handheld(Arc::clone(&new), "ana").await;
    app.stands(old.id, &[]);
    let mut first = None;
    for hour in 0..7 * 24 {
        app.later(HOUR);
        if hour % 6 == 0 {
            // Whoever works signs in again now and then.
            app.on_handheld(Arc::clone(&new), "ana").await;
        }
        app.desk(None).await;
        let rights = app.rights(ana).into_iter().map(|(_, _, right)| right);
        let mut contacts = rights.filter_map(|right| match right {
            RightBody::Contact { slot, holder, .. } => Some((slot, holder.device)),
            RightBody::Gesture { .. } => None,
        });
        if let Some((slot, device)) = contacts.next() {
            assert_eq!(device, new.id);
            first = Some((hour, slot));
            break;
        }
    }
    let (hour, slot) = first.expect("it is given on");
    assert!(hour >= 72, "the old one may call for as long: {hour}");
    let lease_over = app.state.clock.now().plus_ms(-(hour + 1 - 72) * HOUR);
    assert!(
        slot.from >= lease_over.plus_ms(24 * HOUR),
        "a day after it could"
    );
}

#[tokio::test]
async fn what_is_spent_beyond_a_right_stays_on_record_and_is_shown_to_the_manager() {
    let app = TestApp::with_desk().await;
    let (ana, device, ines) = app.owned().await;
    let on_handheld = app.on_handheld(Arc::clone(&device), "ana").await;
    app.desk(None).await;
    let right = app.rights(ana)[1].0.clone();
    let otto = app.customer("Otto").await;
    let spend = async |customer: CustomerId, minor: i64, right: &str| {
        let gesture = json!({
            "edit": "record_interaction", "kind": "gesture", "summary": "flowers",
            "spent": { "minor": minor, "right": right },
        });
        app.write(&on_handheld, customer, gesture).await;
        app.desk(None).await;
        gestures::findings(&*app.hub.store.read().unwrap()).unwrap()
    };
    assert_eq!(spend(ines, 3_000, &right).await, []);
    assert_eq!(spend(ines, 2_000, &right).await, [], "all, and not more");
    let found = spend(otto, 1, &right).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].associate, ana);
    assert_eq!((found[0].given_minor, found[0].spent_minor), (5_000, 5_001));
    assert_eq!((found[0].gestures, found[0].elsewhere), (3, false));
    assert_eq!(found.len(), 1, "nobody looks after Otto, and it counts");
    let found = spend(ines, 500, "gesture/invented").await;
    let invented = found.iter().find(|one| one.given_minor == 0).unwrap();
    assert_eq!(invented.spent_minor, 500, "a right that nobody gave");
    app.desk(None).await;
    let again = gestures::findings(&*app.hub.store.read().unwrap()).unwrap();
    assert_eq!(again, found, "each gesture counts once");
    let card = app
        .ask(
            &app.manager().await,
            "GET",
            &format!("/v1/customers/{ines}"),
            &Value::Null,
        )
        .await;
    let kept = card.body["card"]["interactions"].as_array().unwrap().len();
    assert_eq!(kept, 3, "nothing is lost of what was done");
}

#[tokio::test]
async fn a_slot_that_was_spent_gives_way_to_the_next_one() {
    let app = TestApp::with_desk().await;
    let (ana, device, ines) = app.owned().await;
    app.later(30_000);
    let on_handheld = app.on_handheld(Arc::clone(&device), "ana").await;
    let call = json!({ "edit": "record_interaction", "kind": "call", "channel": "call" });
    app.write(&on_handheld, ines, call).await;
    let called_at = app.state.clock.now();
    app.desk(None).await;
    let slots: Vec<_> = app
        .rights(ana)
        .into_iter()
        .filter_map(|(_, _, right)| match right {
            RightBody::Contact { slot, .. } => Some(slot),
            RightBody::Gesture { .. } => None,
        })
        .collect();
    assert_eq!(slots.len(), 1);
    assert!(
        slots[0].from >= called_at.plus_ms(24 * HOUR),
        "a day after the call"
    );
}

#[tokio::test]
async fn what_is_given_to_associates_never_exceeds_the_pool() {
    let app = TestApp::with_desk().await;
    let manager = app.manager().await;
    let pool = json!({ "gesture_pool_minor": 12_000, "gesture_day_minor": 5_000 });
    let set = app.ask(&manager, "PATCH", "/v1/settings", &pool).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text);
    let mut given = Vec::new();
    for (number, name) in ["ana", "bea", "cleo", "dora"].into_iter().enumerate() {
        let associate = app.hub.add(name, Role::Associate, app.hub.shop).await;
        let device = app.hub.enrol(300 + u64::try_from(number).unwrap()).await;
        app.on_handheld(Arc::new(device), name).await;
        app.desk(None).await;
        given.extend(
            app.rights(associate)
                .into_iter()
                .map(|(_, _, right)| match right {
                    RightBody::Gesture { amount_minor, .. } => amount_minor,
                    RightBody::Contact { .. } => 0,
                }),
        );
    }
    assert_eq!(given, [5_000, 5_000, 2_000]);
}
