//! What wherever a guest's card is, is told of who came.

use super::*;
use crate::events::calling_off::call_off;

/// An evening with a list, and what is told of it.
struct Evening {
    world: World,
    id: String,
    zoe: CustomerId,
    ines: CustomerId,
}

impl Evening {
    async fn new() -> Self {
        let world = World::new().await;
        let zoe = world.customer("Zoe", &[], true).await;
        let ines = world.customer("Ines", &[], true).await;
        let id = world.evening(None).await.unwrap().id;
        let evening = Self {
            world,
            id,
            zoe,
            ines,
        };
        evening.list(&[(zoe, None), (ines, None)]).await;
        evening
    }

    async fn list(&self, seats: &[(CustomerId, Option<AssociateId>)]) {
        let seats = seats
            .iter()
            .map(|(customer, host)| Seat {
                customer: *customer,
                host: *host,
            })
            .collect();
        let place = (self.world.hub.shop, self.id.clone());
        set_guests(&self.world.book, place, seats).await.unwrap();
    }

    async fn came(&self, came: &[CustomerId]) {
        let place = (self.world.hub.shop, self.id.clone());
        let came = came.iter().copied().collect();
        let set = set_attendance(&self.world.book, place, came);
        set.await.unwrap();
    }

    fn told(&self, guest: CustomerId) -> Option<(u64, Vec<AssociateId>)> {
        let tx = self.world.book.store().read().unwrap();
        let subject = Subject::Customer(guest);
        let told = notices::get::<EventBody>(&*tx, subject, &self.id).unwrap();
        told.map(|(notice, event)| (notice.version, event.hosts))
    }
}

#[tokio::test]
async fn who_is_taken_off_the_list_is_told_not_to_have_come() {
    let evening = Evening::new().await;
    let (zoe, ines) = (evening.zoe, evening.ines);
    evening.came(&[zoe]).await;
    assert!(evening.told(zoe).is_some());
    evening.list(&[(ines, None)]).await;
    assert_eq!(evening.told(zoe), None);
    evening.list(&[(ines, None), (zoe, None)]).await;
    evening.came(&[ines]).await;
    assert_eq!(evening.told(zoe), None);
    assert!(evening.told(ines).is_some());
}

#[tokio::test]
async fn another_host_of_who_came_is_told_and_the_same_list_is_no_news() {
    let evening = Evening::new().await;
    let (zoe, ines) = (evening.zoe, evening.ines);
    evening.came(&[zoe]).await;
    let (first, _) = evening.told(zoe).unwrap();
    evening.list(&[(zoe, None), (ines, None)]).await;
    evening.came(&[zoe]).await;
    assert_eq!(evening.told(zoe).unwrap().0, first);
    let host = AssociateId([7; 8]);
    evening.list(&[(zoe, Some(host)), (ines, Some(host))]).await;
    assert_eq!(evening.told(zoe), Some((first + 1, vec![host])));
    assert_eq!(evening.told(ines), None, "she did not come");
}

#[tokio::test]
async fn what_was_told_wrongly_before_is_taken_back_with_the_next_word_on_who_came() {
    let evening = Evening::new().await;
    let told = told_of(&evening.world, &evening.id);
    let from = ("hub", evening.world.book.now());
    let subject = Subject::Customer(evening.zoe);
    let draft = NoticeDraft::new(subject, evening.id.as_str(), from, &told);
    let put = evening.world.book.put_notices(vec![draft]);
    put.await.unwrap();
    evening.came(&[]).await;
    assert_eq!(evening.told(evening.zoe), None);
}

#[tokio::test]
async fn nobody_came_to_an_event_that_was_called_off() {
    let evening = Evening::new().await;
    evening.came(&[evening.zoe]).await;
    let author = HubAuthor {
        associate: evening.world.hub.manager,
        session: SessionId([0; 8]),
        shop: evening.world.hub.shop,
        role: Role::Manager,
    };
    let place = (evening.world.hub.shop, evening.id.clone());
    let off = call_off(&evening.world.book, author, place).await.unwrap();
    assert_eq!(evening.told(evening.zoe), None);
    assert!(off.event.guests.iter().all(|guest| !guest.attended));
}
