//! Guests of small events whose reaction is still owed: one of each who came.
//!
//! That they came is on their card, or the hub tells it with the host who looked after them. It is due until somebody writes a reaction down.

use std::collections::BTreeMap;

use super::{DueItem, DueKind, Effort};
use crate::card::normal::derived_id;
use crate::card::terms::InvitationState;
use crate::concierge::guests::{EventBody, HEARD_MS, is_heard};
use crate::concierge::picture::Picture;
use crate::ids::Timestamp;

/// Events to which the customer came and of which nobody wrote down yet what they thought: with their host, until they are heard.
pub(super) fn unheard(picture: &Picture<'_>, effort: &Effort) -> Vec<DueItem> {
    let whole = picture.whole;
    let mut came: BTreeMap<&str, (Timestamp, Option<&EventBody>)> = BTreeMap::new();
    for one in &whole.view.invitations {
        if one.state == InvitationState::Attended {
            // Who was there says so within a day; of when it began the card knows nothing.
            let about = one.at.plus_ms(-Timestamp::DAY_MS);
            came.insert(&one.event.value, (about, None));
        }
    }
    for told in &whole.attended {
        came.insert(&told.key, (told.body.begins_at, Some(&told.body)));
    }
    came.retain(|event, (begun, _)| !is_heard(&whole.view, event, *begun));
    let items = came.into_iter().map(|(event, (begun, body))| {
        let closes = begun.plus_ms(HEARD_MS);
        DueItem {
            id: derived_id(&["guest", &picture.customer.to_string(), event]),
            kind: DueKind::Guest,
            item: String::new(),
            about: event.to_owned(),
            weight: effort.guest_weight,
            minutes: effort.guest_minutes,
            opens: begun,
            closes,
            lapses: Some(closes.plus_ms(HEARD_MS)),
            assignees: body.map(|body| body.hosts.clone()).unwrap_or_default(),
            words: body.map(|body| body.name.clone()),
        }
    });
    items.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::edit::{Edit, InvitationInput};
    use crate::card::stage::Stage;
    use crate::card::terms::Sentiment;
    use crate::concierge::guests::EventState;
    use crate::concierge::picture::Told;
    use crate::concierge::scene::{DAY, ME, Scene};
    use crate::concierge::today::due_of;

    const EVENT: &str = "0g2081040g208104";

    fn came(stage: &mut Stage) {
        stage.does(&Edit::SetInvitation(InvitationInput {
            event: EVENT.to_owned(),
            state: InvitationState::Attended,
        }));
    }

    fn react(stage: &mut Stage, sku: &str) {
        stage.does(&Edit::RecordReaction {
            interaction: None,
            sku: sku.to_owned(),
            sentiment: Sentiment::Loved,
            words: None,
        });
    }

    fn told(begins_at: Timestamp) -> Told<EventBody> {
        Told {
            key: EVENT.to_owned(),
            source: "hub".to_owned(),
            as_of: begins_at,
            body: EventBody {
                name: "An evening of tea".to_owned(),
                themes: Vec::new(),
                capacity: 12,
                hosts: vec![ME],
                begins_at,
                state: EventState::Planned,
                granted: 0,
            },
        }
    }

    fn due(scene: &Scene) -> Vec<DueItem> {
        let mut items = due_of(&scene.picture(), &Effort::default());
        items.retain(|item| item.kind == DueKind::Guest);
        items
    }

    #[test]
    fn a_guest_who_came_is_due_with_the_host_until_somebody_writes_a_reaction_down() {
        let mut stage = Stage::new();
        let begun = stage.now.plus_ms(-2 * DAY);
        let mut scene = Scene::new();
        assert_eq!(due(&scene), []);
        scene.whole.attended = vec![told(begun)];
        let items = due(&scene);
        let [item] = items.as_slice() else {
            panic!("one guest, one reaction: {items:?}");
        };
        assert_eq!((item.opens, item.closes), (begun, begun.plus_ms(HEARD_MS)));
        assert_eq!(
            (item.about.as_str(), item.assignees.clone()),
            (EVENT, vec![ME])
        );
        assert_eq!(item.words.as_deref(), Some("An evening of tea"));
        assert_eq!(due(&scene), items, "the same again");
        came(&mut stage);
        scene.whole.view = stage.view();
        assert_eq!(due(&scene), items, "the card says it too: still one");
        react(&mut stage, "any");
        scene.whole.view = stage.view();
        assert_eq!(due(&scene), []);
    }

    #[test]
    fn a_card_alone_says_who_came_and_a_reaction_that_names_the_event_always_counts() {
        let mut stage = Stage::new();
        came(&mut stage);
        let mut scene = Scene::new();
        scene.whole.view = stage.view();
        let items = due(&scene);
        assert_eq!(items.len(), 1);
        assert_eq!(
            (items[0].assignees.len(), &items[0].words),
            (0, &None),
            "whoever looks after them"
        );
        scene.whole.attended = vec![told(stage.now.plus_ms(-60 * DAY))];
        react(&mut stage, "any");
        scene.whole.view = stage.view();
        assert_eq!(due(&scene).len(), 1, "that was about something later");
        react(&mut stage, EVENT);
        scene.whole.view = stage.view();
        assert_eq!(due(&scene), []);
        scene.whole.view.reactions.clear();
        scene.whole.is_erased = true;
        assert_eq!(due(&scene), []);
    }
}
