use std::sync::Arc;
use std::time::Duration;

use bus::{Consumer, Settle};
use contracts::events::{CHAT_EVENTS, Event};
use tokio_util::sync::CancellationToken;

use super::{Outbox, Relay, SqliteOutbox};
use crate::outbox::Cause;
use crate::testing::{START, World, session, sign_in, some, user, world};

fn relay(world: &World, holder: u128) -> Relay {
    let outbox: Arc<dyn Outbox> = Arc::new(SqliteOutbox(world.outbox.0.clone()));
    let (bus, kv) = (world.ports.bus.clone(), world.ports.kv.clone());
    let holder = some::<()>(holder).uuid();
    let (nudge, revocations) = (world.ports.nudge.clone(), world.ports.revocations.clone());
    Relay { outbox, bus, kv, nudge, revocations, holder }
}

async fn end(world: &World, n: u128) {
    let mut sign_in = sign_in("ada@example.org", n, None);
    sign_in.cause.at = START;
    world.ports.accounts.sign_in(sign_in).await.unwrap();
    let cause = Cause::new(world.clock.as_ref(), world.ports.random.as_ref());
    world.ports.accounts.end_session(user(0), session(n), &cause).await.unwrap().unwrap();
}

async fn next(consumer: &mut dyn Consumer) -> kernel::SessionId {
    let next = tokio::time::timeout(Duration::from_secs(10), consumer.next());
    let delivery = next.await.expect("an event within ten seconds").unwrap();
    let event = Event::decode(&delivery.message.topic, &delivery.message.payload).unwrap();
    delivery.settle(Settle::Done).await.unwrap();
    let Event::SessionRevoked(event) = event else { panic!("{event:?}") };
    event.session
}

#[tokio::test]
async fn what_was_written_is_published_in_order_and_forgotten() {
    let world = world(&[]).await;
    let mut consumer = world.ports.bus.consume(CHAT_EVENTS, 1).await.unwrap();
    for n in 0..3 {
        end(&world, n).await;
    }
    let stop = CancellationToken::new();
    let running = tokio::spawn(relay(&world, 1).run(stop.clone()));
    for n in 0..3 {
        assert_eq!(next(consumer.as_mut()).await, session(n));
        let refused = world.ports.revocations.is_revoked(session(n)).await.unwrap();
        assert!(refused, "its tokens are refused before anybody acts on its end");
    }
    end(&world, 3).await;
    world.ports.nudge.now();
    assert_eq!(next(consumer.as_mut()).await, session(3));
    stop.cancel();
    running.await.unwrap();
    assert_eq!(world.outbox.waiting(10).await.unwrap(), []);
}

#[tokio::test]
async fn what_was_written_before_the_end_is_published_at_the_end() {
    let world = world(&[]).await;
    let mut consumer = world.ports.bus.consume(CHAT_EVENTS, 1).await.unwrap();
    end(&world, 0).await;
    let stop = CancellationToken::new();
    stop.cancel();
    relay(&world, 1).run(stop).await;
    assert_eq!(next(consumer.as_mut()).await, session(0));
    assert_eq!(world.outbox.waiting(10).await.unwrap(), []);
}

#[tokio::test]
async fn another_instance_that_died_is_waited_for_no_longer_than_its_lease() {
    let world = world(&[]).await;
    let kv = &world.ports.kv;
    assert!(kv.set_if_absent("user:outbox", b"dead", Duration::from_secs(5)).await.unwrap());
    end(&world, 0).await;
    let stop = CancellationToken::new();
    stop.cancel();
    relay(&world, 1).run(stop.clone()).await;
    assert_eq!(world.outbox.waiting(10).await.unwrap().len(), 1, "the lease is another's");
    world.clock.advance(Duration::from_secs(5));
    relay(&world, 1).run(stop).await;
    assert_eq!(world.outbox.waiting(10).await.unwrap(), []);
}
