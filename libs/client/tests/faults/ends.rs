//! What somebody may no longer hear ends on every instance.

use std::time::Duration;

use kernel::{Clock, ConversationId, EntryId, SystemClock, SystemRandom};
use serde_json::{Value, json};
use testkit::proxy::{Harm, Protocol, Way, Wire};
use testkit::servers;
use tokio::time::{Instant, timeout};

use crate::loss::EVENTS;
use crate::play::in_town;
use crate::probe::{self, CHATS};
use crate::raw::Raw;
use crate::town::Town;

/// Three times what is promised.
const ENDED: Duration = Duration::from_secs(6);
/// Between two readings of what may have passed unheard; by chance it is half of that, or as much again.
const REREAD_S: &str = "2";

#[tokio::test(flavor = "multi_thread")]
async fn a_session_and_a_place_in_a_group_end_on_every_instance() {
    in_town(&[], ends).await;
}

async fn ends(town: Town) {
    let (ann, bob) = (town.login("ann").await, town.login("bob").await);
    let group = ConversationId::new_v7(now(), &SystemRandom);
    town.rest.gather(&ann, group, &[bob.user]).await.unwrap();
    let talk = town.rest.talk_to(&ann, bob.user).await.unwrap();
    let bases = CHATS.map(|name| probe::own(&town, name));
    let mut bobs = Vec::new();
    for base in &bases {
        bobs.push(Raw::connect(base, &bob.token, None).await);
    }
    let mut anns = Raw::connect(&bases[0], &ann.token, None).await;
    say(&mut anns, group, "before").await;
    for socket in &mut bobs {
        socket.hears(|_, payload| is(payload, "before")).await.unwrap();
    }

    let begin = Instant::now();
    town.rest.put_out(&ann, group, bob.user, EntryId::new_v7(now(), &SystemRandom)).await.unwrap();
    let answered = begin.elapsed();
    for socket in &mut bobs {
        let left = socket.hears(|name, payload| {
            name == "participant:left" && payload["data"]["userId"] == json!(bob.user)
        });
        timeout(ENDED, left).await.unwrap().unwrap();
    }
    eprintln!(
        "put out of a group: answered after {answered:.0?}, told on both after {:.0?}",
        begin.elapsed()
    );
    // Of the group nothing more, and of the rest everything.
    for text in ["secret one", "secret two"] {
        say(&mut anns, group, text).await;
        anns.hears(|_, payload| is(payload, text)).await.unwrap();
    }
    say(&mut anns, talk, "after").await;
    for socket in &mut bobs {
        loop {
            let (name, payload) = timeout(ENDED, socket.event()).await.unwrap().unwrap();
            assert!(!payload.to_string().contains("secret"), "{name}: {payload}");
            if is(&payload, "after") {
                break;
            }
        }
    }

    let begin = Instant::now();
    town.rest.logout(&bob).await.unwrap();
    let answered = begin.elapsed();
    for socket in &mut bobs {
        let revoked = socket.hears(|name, _| name == "session:revoked");
        timeout(ENDED, revoked).await.unwrap().unwrap();
        let ended = timeout(ENDED, async { while socket.event().await.is_some() {} });
        assert!(ended.await.is_ok(), "still connected");
    }
    eprintln!(
        "logged out: answered after {answered:.0?}, ended on both after {:.0?}",
        begin.elapsed()
    );
    let after = say(&mut anns, talk, "to nobody").await;
    assert_eq!(after["ok"], true);
}

/// The line brings no events and hides it: heartbeats may stay away for longer than this takes, so that there is no gap.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_on_every_instance_although_the_news_of_it_is_lost() {
    let redis = servers::private_redis().await.unwrap();
    let port = redis.url().rsplit_once(':').unwrap().1.parse().unwrap();
    let wire = Wire::before(port, Protocol::Redis).await.unwrap();
    let url = format!("redis://127.0.0.1:{}", wire.port());
    let env = [
        ("RESTANTE_FANOUT__URL", url.as_str()),
        ("RESTANTE_FANOUT__SILENCE_MS", "60000"),
        ("RESTANTE_CHAT__LIVE__REREAD_S", REREAD_S),
    ];
    in_town(&env, |town| unheard(town, &wire)).await;
}

async fn unheard(town: Town, wire: &Wire) {
    let (ann, bob) = (town.login("ann").await, town.login("bob").await);
    let mut bobs = Vec::new();
    let mut anns = Vec::new();
    for base in CHATS.map(|name| probe::own(&town, name)) {
        bobs.push(Raw::connect(&base, &bob.token, None).await);
        anns.push(Raw::connect(&base, &ann.token, None).await);
    }
    wire.harm(Way::ToClient, Harm::SwallowNamed(EVENTS));
    let begin = Instant::now();
    town.rest.logout(&bob).await.unwrap();
    for socket in &mut bobs {
        let revoked = socket.hears(|name, _| name == "session:revoked");
        timeout(ENDED, revoked).await.unwrap().unwrap();
        let ended = timeout(ENDED, async { while socket.event().await.is_some() {} });
        assert!(ended.await.is_ok(), "still connected");
    }
    eprintln!("logged out unheard: ended on both after {:.1?}", begin.elapsed());
    assert!(wire.swallowed() > 0, "the news was heard");
    assert!(probe::both(&town, "fanout_gaps_total").await < 1.0, "there was a gap");
    for socket in &mut anns {
        let answer = socket.ask("sync", &json!({})).await;
        assert_eq!(answer["ok"], true, "{answer}");
    }
}

async fn say(socket: &mut Raw, to: ConversationId, text: &str) -> Value {
    let id = EntryId::new_v7(now(), &SystemRandom);
    let answer =
        socket.ask("message:send", &json!({ "id": id, "conversationId": to, "text": text })).await;
    assert_eq!(answer["ok"], true, "{answer}");
    answer
}

fn is(payload: &Value, text: &str) -> bool {
    payload["data"]["text"] == text
}

fn now() -> kernel::Timestamp {
    SystemClock::default().now()
}
