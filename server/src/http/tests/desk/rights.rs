//! Claims about rights: who gets them, on which handheld, and what they keep the hub from.

use sync_core::concierge::rights::RightBody;
use sync_core::ids::DeviceId;

use super::*;

impl TestApp {
    /// Ana on a handheld, who looks after a customer first.
    async fn owned(&self) -> (AssociateId, Arc<TestDevice>, CustomerId) {
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
    app.desk(None).await;
    assert_eq!(
        app.rights(ana),
        rights,
        "nothing new is posted while nothing changes"
    );
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
    let other = Arc::new(app.hub.enrol(200).await);
    app.later(30_000);
    app.on_handheld(other, "ana").await;
    app.desk(None).await;
    assert_eq!(app.rights(ana), after, "the slot is out until it is over");
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
