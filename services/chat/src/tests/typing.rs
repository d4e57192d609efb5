use std::time::Duration;

use serde_json::json;

use super::instances::{Guest, Street};

async fn hears(guest: &Guest, name: &str, of: &auth::Identity) {
    let (event, body) = guest.event().await;
    assert_eq!((event.as_str(), &body["userId"]), (name, &json!(of.user)), "{body}");
}

#[tokio::test]
async fn the_others_see_that_somebody_writes_until_they_stop() {
    let street = Street::new().await;
    let (one, two) = (street.instance("one").await, street.instance("two").await);
    let (ann, bob) = (street.place.person(), street.place.person());
    let talk = street.place.between(&ann, &bob).await;
    let fence = async || street.place.chat.announcer.signal(talk, "fence", &json!({})).await;
    let second = street.place.device_of(ann.user);
    let (writes, own) = (street.connect(&one, &ann).await, street.connect(&one, &second).await);
    let sees = street.connect(&two, &bob).await;
    let place = json!({ "conversationId": talk });

    writes.ask("typing:start", place.clone()).await;
    hears(&sees, "typing:start", &ann).await;
    writes.ask("typing:start", place.clone()).await;
    writes.ask("typing:stop", place.clone()).await;
    hears(&sees, "typing:stop", &ann).await;

    // Whoever says no more of it has stopped.
    writes.ask("typing:start", place.clone()).await;
    hears(&sees, "typing:start", &ann).await;
    street.pass(Duration::from_secs(4));
    writes.ask("typing:start", place.clone()).await;
    fence().await;
    assert_eq!(sees.event().await.0, "fence", "told twice");
    street.pass(Duration::from_millis(4_999));
    two.live.tell_ended();
    fence().await;
    assert_eq!(sees.event().await.0, "fence", "ended too early");
    street.pass(Duration::from_millis(1));
    two.live.tell_ended();
    hears(&sees, "typing:stop", &ann).await;

    // So has whoever is gone.
    writes.ask("typing:start", place.clone()).await;
    hears(&sees, "typing:start", &ann).await;
    drop(writes);
    hears(&sees, "typing:stop", &ann).await;
    // None of it was told to those who wrote.
    for _ in 0..2 {
        assert_eq!(own.event().await.0, "fence");
    }

    let stranger = street.connect(&one, &street.place.person()).await;
    let refused = stranger.say("typing:start", place).await;
    assert_eq!(refused["error"]["code"], "NOT_FOUND");
}

#[tokio::test]
async fn who_blocks_the_other_sees_nothing_of_their_writing() {
    let street = Street::new().await;
    let (one, two) = (street.instance("one").await, street.instance("two").await);
    let (ann, bob) = (street.place.person(), street.place.person());
    street.place.town.block(bob.user, ann.user);
    let talk = street.place.between(&ann, &bob).await;
    let (writes, sees) = (street.connect(&one, &ann).await, street.connect(&two, &bob).await);
    writes.ask("typing:start", json!({ "conversationId": talk })).await;
    sees.ask("typing:start", json!({ "conversationId": talk })).await;
    street.place.chat.announcer.signal(talk, "fence", &json!({})).await;
    assert_eq!(sees.event().await.0, "fence");
    assert_eq!(writes.event().await.0, "fence");
}
