use std::time::Duration;

use auth::Identity;
use bytes::Bytes;
use contracts::Discretion;
use fanout::Fanout;
use kernel::{ConversationId, UserId};
use serde_json::{Value, json};

use super::instances::{Guest, Instance, Street};
use crate::live::announce::about;

const GRACE: Duration = Duration::from_secs(5);
/// Longer than anybody who comes waits to be told of.
const SPREAD: Duration = Duration::from_secs(1);

async fn status(guest: &Guest, user: UserId) -> (String, Value) {
    let (name, body) = guest.event().await;
    assert_eq!((name.as_str(), &body["userId"]), ("user:status", &json!(user)), "{body}");
    (body["status"].as_str().unwrap().to_owned(), body["lastSeenAt"].clone())
}

async fn shows(guest: &Guest, user: UserId, shown: &str) {
    assert_eq!(status(guest, user).await, (shown.to_owned(), Value::Null));
}

/// Nothing was told to the guest before this.
async fn nothing(street: &Street, guest: &Guest, talk: ConversationId) {
    street.place.chat.announcer.signal(talk, "fence", &json!({})).await;
    assert_eq!(guest.event().await.0, "fence");
}

/// The only socket of the person on that instance goes.
async fn leave(instance: &Instance, guest: Guest, who: &Identity) {
    drop(guest);
    let gone = async || instance.live.hub.seats_of(who.user).is_empty().then_some(());
    testkit::wait::until(Duration::from_secs(10), gone).await.unwrap();
}

async fn look(guest: &Guest, users: &[UserId]) {
    guest.ask("presence:watch", json!({ "userIds": users })).await;
}

struct Scene {
    street: Street,
    one: Instance,
    two: Instance,
    ann: Identity,
    bob: Identity,
    talk: ConversationId,
}

impl Scene {
    /// Bob looks at Ann, who comes, is seen, and goes again. Answers Bob.
    async fn come_and_go(&self) -> Guest {
        let Self { street, one, two, ann, bob, .. } = self;
        let looks = street.connect(two, bob).await;
        look(&looks, &[ann.user]).await;
        shows(&looks, ann.user, "offline").await;
        let here = street.connect(one, ann).await;
        street.pass(SPREAD);
        one.live.presence.tell_due().await;
        shows(&looks, ann.user, "online").await;
        leave(one, here, ann).await;
        looks
    }
}

/// Ann will be on one instance, Bob on the other.
async fn scene() -> Scene {
    let street = Street::new().await;
    let (one, two) = (street.instance("one").await, street.instance("two").await);
    let (ann, bob) = (street.place.person(), street.place.person());
    let talk = street.place.between(&ann, &bob).await;
    Scene { street, one, two, ann, bob, talk }
}

#[tokio::test]
async fn who_looks_is_told_how_somebody_is_seen() {
    let Scene { street, one, two, ann, bob, talk } = scene().await;
    let looks = street.connect(&two, &bob).await;
    look(&looks, &[ann.user]).await;
    shows(&looks, ann.user, "offline").await;

    let here = street.connect(&one, &ann).await;
    one.live.presence.tell_due().await;
    nothing(&street, &looks, talk).await;
    street.pass(SPREAD);
    one.live.presence.tell_due().await;
    shows(&looks, ann.user, "online").await;

    for (said, shown) in [("busy", "busy"), ("away", "away"), ("invisible", "offline")] {
        here.ask("presence:update", json!({ "status": said })).await;
        one.live.presence.tell_due().await;
        shows(&looks, ann.user, shown).await;
    }
    // Whoever looks later is told what is known at once.
    look(&looks, &[]).await;
    look(&looks, &[ann.user]).await;
    shows(&looks, ann.user, "offline").await;
    let refused = here.say("presence:update", json!({ "status": "gone" })).await;
    assert_eq!(refused["error"]["code"], "VALIDATION_ERROR");
}

#[tokio::test]
async fn a_person_is_there_while_one_of_their_devices_is() {
    let Scene { street, one, two, ann, bob, talk } = scene().await;
    let second = street.place.device_of(ann.user);
    let looks = street.connect(&two, &bob).await;
    look(&looks, &[ann.user]).await;
    shows(&looks, ann.user, "offline").await;
    let first = street.connect(&one, &ann).await;
    let other = street.connect(&two, &second).await;
    street.pass(SPREAD);
    one.live.presence.tell_due().await;
    shows(&looks, ann.user, "online").await;
    two.live.presence.tell_due().await;
    nothing(&street, &looks, talk).await;

    leave(&one, first, &ann).await;
    street.pass(GRACE);
    one.live.presence.tell_due().await;
    nothing(&street, &looks, talk).await;
    leave(&two, other, &ann).await;
    street.pass(GRACE);
    two.live.presence.tell_due().await;
    let (shown, seen) = status(&looks, ann.user).await;
    assert_eq!(shown, "offline");
    assert_eq!(seen, json!(street.place.clock_now()));
}

#[tokio::test]
async fn when_somebody_was_here_is_told_only_if_they_let_others_see_it() {
    let scene = scene().await;
    let hidden = Discretion { hides_reads: false, hides_last_seen: true };
    scene.street.place.town.hide(scene.ann.user, hidden);
    scene.street.place.chat.people.forget(scene.ann.user);
    let looks = scene.come_and_go().await;
    let Scene { street, one, ann, .. } = scene;
    street.pass(GRACE);
    one.live.presence.tell_due().await;
    shows(&looks, ann.user, "offline").await;
    look(&looks, &[]).await;
    look(&looks, &[ann.user]).await;
    shows(&looks, ann.user, "offline").await;
}

#[tokio::test]
async fn who_is_back_at_once_was_not_gone() {
    let scene = scene().await;
    let looks = scene.come_and_go().await;
    let Scene { street, one, ann, talk, .. } = scene;
    street.pass(GRACE / 2);
    let _back = street.connect(&one, &ann).await;
    street.pass(GRACE);
    one.live.presence.tell_due().await;
    nothing(&street, &looks, talk).await;
}

#[tokio::test]
async fn the_people_of_an_instance_that_died_are_gone_when_their_leases_end() {
    let Scene { street, one, two, ann, bob, .. } = scene().await;
    let looks = street.connect(&two, &bob).await;
    look(&looks, &[ann.user]).await;
    shows(&looks, ann.user, "offline").await;
    let here = street.connect(&one, &ann).await;
    street.pass(SPREAD);
    one.live.presence.tell_due().await;
    shows(&looks, ann.user, "online").await;
    let life = Duration::from_secs(street.place.chat.settings.presence.lease_s);
    street.pass(life * 2 / 3);
    one.live.presence.renew().await;
    street.pass(life * 2 / 3);
    two.live.presence.reread().await;
    // It was killed: nobody says that they are gone.
    std::mem::forget(here);
    drop(one);
    street.pass(life / 3);
    two.live.presence.reread().await;
    shows(&looks, ann.user, "offline").await;
}

#[tokio::test]
async fn strangers_are_not_seen() {
    let Scene { street, one, two, ann, bob, talk } = scene().await;
    let (cid, dan) = (street.place.person(), street.place.person());
    street.place.group(&bob, &[&dan]).await;
    let looks = street.connect(&two, &bob).await;
    look(&looks, &[cid.user, ann.user, dan.user, bob.user]).await;
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(looks.event().await.1["userId"].clone());
    }
    assert!(!told.contains(&json!(cid.user)), "somebody who shares nothing with them");
    let _here = street.connect(&one, &cid).await;
    street.pass(SPREAD);
    one.live.presence.tell_due().await;
    nothing(&street, &looks, talk).await;
    let most = street.place.chat.settings.presence.watched;
    let many: Vec<UserId> = (0..=most).map(|_| street.place.person().user).collect();
    let refused = looks.say("presence:watch", json!({ "userIds": many })).await;
    assert_eq!(refused["error"]["code"], "VALIDATION_ERROR");
}

#[tokio::test]
async fn under_load_presence_waits() {
    let Scene { street, one, two, ann, bob, talk } = scene().await;
    let looks = street.connect(&two, &bob).await;
    look(&looks, &[ann.user]).await;
    shows(&looks, ann.user, "offline").await;
    let _here = street.connect(&one, &ann).await;
    street.pass(SPREAD);
    // Nothing is read from the queue meanwhile: this test does not let go of the thread.
    let flood = async || {
        for _ in 0..600 {
            street.place.fanout.publish(about(talk), Bytes::new()).await.unwrap();
        }
    };
    flood().await;
    assert!(one.live.is_busy());
    one.live.presence.tell_due().await;
    nothing(&street, &looks, talk).await;
    assert!(!one.live.is_busy());
    one.live.presence.tell_due().await;
    nothing(&street, &looks, talk).await;
    street.pass(Duration::from_secs(1));
    one.live.presence.tell_due().await;
    shows(&looks, ann.user, "online").await;
}

#[tokio::test]
async fn contacts_see_each_other_and_nobody_sees_whom_they_block() {
    let Scene { street, one, two, ann, bob, talk } = scene().await;
    let cid = street.place.person();
    street.place.town.befriend(cid.user, bob.user);
    let (_ann, _cid) = (street.connect(&one, &ann).await, street.connect(&one, &cid).await);
    street.pass(SPREAD);
    one.live.presence.tell_due().await;
    let looks = street.connect(&two, &bob).await;
    look(&looks, &[cid.user]).await;
    shows(&looks, cid.user, "online").await;
    look(&looks, &[ann.user, cid.user]).await;
    let mut told = [looks.event().await.1, looks.event().await.1];
    told.sort_by_key(|body| body["userId"] != json!(ann.user));
    assert_eq!(told.map(|body| body["status"].clone()), ["online", "online"]);

    street.place.town.block(ann.user, bob.user);
    street.place.chat.announcer.relations(ann.user, bob.user).await.unwrap();
    shows(&looks, ann.user, "offline").await;
    let away = street.connect(&one, &street.place.device_of(ann.user)).await;
    away.ask("presence:update", json!({ "status": "busy" })).await;
    one.live.presence.tell_due().await;
    nothing(&street, &looks, talk).await;
    look(&looks, &[ann.user]).await;
    nothing(&street, &looks, talk).await;
}
