//! Somebody who has written more than they may send at once.

use futures::future::join_all;

use crate::crowd::Crowd;
use crate::play::{PATIENCE, in_town, seed};
use crate::town::Town;
use crate::traffic::write;

/// Written while nothing can be sent, so that all is sent in one go.
const LETTERS: usize = 80;

#[tokio::test(flavor = "multi_thread")]
async fn who_wrote_more_than_may_be_sent_at_once_gets_through_in_order() {
    let seed = seed();
    let env = [
        ("RESTANTE_CHAT__LIMITS__SENDS_PER_SECOND", "10"),
        ("RESTANTE_CHAT__LIMITS__SENDS_BURST", "30"),
    ];
    in_town(&env, |town| paced(town, seed)).await;
}

async fn paced(town: Town, seed: u64) {
    let crowd = Crowd::gather(&town, 2, &town.instances, 2, seed).await;
    crowd.members[0].client.cut().await;
    let mut letters = Vec::with_capacity(LETTERS);
    for number in 0..LETTERS {
        letters.push(write(&crowd, 0, 0, number).await);
    }
    let said = join_all(letters).await;
    let tally = crowd.settle(&said, PATIENCE).await;
    eprintln!("{tally}");
    tally.assert_perfect();
}
