//! The same cases through the local directory and over gRPC: nobody can tell them apart.

use std::sync::Arc;
use std::time::Duration;

use contracts::{
    DirectoryError, GrpcUserDirectory, MAX_IDS, Relations, UserDirectory, serve_user_directory,
};
use kernel::{ErrorCode, UserId, WireError};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::LocalUserDirectory;
use crate::contacts::{Answer, Change, Most, Wanted};
use crate::preferences::{PreferencesChange, WhoMay};
use crate::testing::{World, device, sign_in, some, user, world};

const TIMEOUT: Duration = Duration::from_secs(5);

/// Both forms over one world.
async fn both(world: &World) -> [Arc<dyn UserDirectory>; 2] {
    let local: Arc<dyn UserDirectory> = Arc::new(LocalUserDirectory(world.ports.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(serve_user_directory(local.clone(), listener, CancellationToken::new()));
    [local, Arc::new(GrpcUserDirectory::connect_lazy(&url, TIMEOUT).unwrap())]
}

/// Ada on two devices, and Eve, whom nobody may write to.
async fn populated() -> World {
    let world = world(&[]).await;
    for (address, n, platform) in [("ada", 1, "linux"), ("ada", 2, "web"), ("eve", 3, "linux")] {
        let mut sign_in = sign_in(&format!("{address}@example.org"), n, None);
        sign_in.platform = platform.to_owned();
        sign_in.cause.at = world.ports.clock.now();
        world.ports.accounts.sign_in(sign_in).await.unwrap();
    }
    let alone = PreferencesChange {
        who_may_message_me: Some(WhoMay::Nobody),
        ..PreferencesChange::default()
    };
    assert!(world.ports.profiles.prefer(user(3), alone, &world.ports.cause()).await.unwrap());
    world
}

fn code<T>(answer: Result<T, DirectoryError>) -> WireError {
    match answer {
        Ok(_) => panic!("not refused"),
        Err(error) => error.into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_are_those_who_exist_each_once() {
    let world = populated().await;
    let mut answers = Vec::new();
    for directory in both(&world).await {
        let asked = [user(1), user(3), user(1), user(9)];
        let mut found = directory.profiles(&asked).await.unwrap();
        found.sort_by_key(|profile| profile.id);
        assert_eq!(found.iter().map(|found| found.id).collect::<Vec<_>>(), [user(1), user(3)]);
        assert_eq!(directory.profiles(&[]).await.unwrap(), []);
        answers.push(found);
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_are_live_by_their_platform() {
    let world = populated().await;
    let directories = both(&world).await;
    let live = async || {
        let mut answers = Vec::new();
        for directory in &directories {
            let mut live = directory.live_devices(&[user(1), user(1), user(9)]).await.unwrap();
            live.sort_by_key(|live| live.device);
            answers.push(live);
        }
        assert_eq!(answers[0], answers[1]);
        answers.remove(0).into_iter().map(|live| live.device).collect::<Vec<_>>()
    };
    assert_eq!(live().await, [device(1), device(2)]);
    world.clock.advance(Duration::from_hours(7 * 24));
    assert_eq!(live().await, [device(1)], "a browser is gone after a week");
    world.clock.advance(Duration::from_hours(23 * 24));
    assert_eq!(live().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_talk_is_the_others_choice() {
    let world = populated().await;
    for directory in both(&world).await {
        assert!(directory.may_talk(user(3), user(1)).await.unwrap());
        assert!(!directory.may_talk(user(1), user(3)).await.unwrap());
        assert!(directory.may_talk(user(3), user(3)).await.unwrap(), "notes to self");
    }
}

/// Makes a change about somebody.
async fn change(world: &World, who: UserId, change: Change, other: UserId) {
    let most = Most { contacts: 10, requests: 10, blocks: 10 };
    let cause = world.ports.cause();
    let wanted = Wanted { user: who, other, change, key: None, most, cause };
    let answer = world.ports.contacts.change(wanted).await.unwrap();
    assert!(matches!(answer, Answer::Done(_)), "{answer:?}");
}

/// This person takes messages from these.
async fn takes_from(world: &World, who: UserId, whom: WhoMay) {
    let choice =
        PreferencesChange { who_may_message_me: Some(whom), ..PreferencesChange::default() };
    assert!(world.ports.profiles.prefer(who, choice, &world.ports.cause()).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_those_who_were_accepted() {
    let world = populated().await;
    let (ada, eve) = (user(1), user(3));
    takes_from(&world, eve, WhoMay::Contacts).await;
    let may = async || {
        let mut answers = Vec::new();
        for directory in both(&world).await {
            answers.push(directory.may_talk(ada, eve).await.unwrap());
        }
        assert_eq!(answers[0], answers[1]);
        answers[0]
    };
    assert!(!may().await, "strangers");
    change(&world, ada, Change::Request, eve).await;
    assert!(!may().await, "asked");
    change(&world, eve, Change::Accept, ada).await;
    assert!(may().await, "accepted");
    change(&world, eve, Change::Block, ada).await;
    assert!(may().await, "as before, for all that the one blocked can see");
    change(&world, eve, Change::Unblock, ada).await;
    assert!(!may().await, "nothing is restored");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_blocks_has_to_unblock_first_and_one_blocked_cannot_tell() {
    let world = populated().await;
    let (ada, eve) = (user(1), user(3));
    takes_from(&world, eve, WhoMay::Everyone).await;
    change(&world, ada, Change::Block, eve).await;
    let mut refusals = Vec::new();
    for directory in both(&world).await {
        assert!(directory.may_talk(eve, ada).await.unwrap());
        refusals.push(code(directory.may_talk(ada, eve).await));
    }
    assert_eq!(refusals[0], refusals[1]);
    assert_eq!(refusals[0].code, ErrorCode::Forbidden);
    assert!(refusals[0].message.contains("unblock"), "{}", refusals[0].message);
    takes_from(&world, ada, WhoMay::Nobody).await;
    for directory in both(&world).await {
        assert!(!directory.may_talk(eve, ada).await.unwrap(), "their choice counts as ever");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn relations_are_contacts_and_blocks_of_both_directions() {
    let world = populated().await;
    let (ada, eve) = (user(1), user(3));
    let both = both(&world).await;
    let check = async |who, contacts: &[UserId], blocked: &[UserId], blocked_by: &[UserId]| {
        for directory in &both {
            let expected = Relations {
                contacts: contacts.to_vec(),
                blocked: blocked.to_vec(),
                blocked_by: blocked_by.to_vec(),
            };
            assert_eq!(directory.relations(who).await.unwrap(), expected);
        }
    };
    check(user(9), &[], &[], &[]).await;
    change(&world, ada, Change::Request, eve).await;
    check(ada, &[], &[], &[]).await;
    change(&world, eve, Change::Accept, ada).await;
    check(ada, &[eve], &[], &[]).await;
    check(eve, &[ada], &[], &[]).await;
    change(&world, eve, Change::Block, ada).await;
    check(ada, &[eve], &[], &[eve]).await;
    check(eve, &[], &[ada], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_the_same_on_both_ways() {
    let world = populated().await;
    let too_many: Vec<UserId> = (0..=MAX_IDS as u128).map(some).collect();
    let mut answers = Vec::new();
    for directory in both(&world).await {
        let refusals = [
            code(directory.may_talk(user(1), user(9)).await),
            code(directory.may_talk(user(9), user(1)).await),
            code(directory.profiles(&too_many).await),
            code(directory.live_devices(&too_many).await),
        ];
        let codes = refusals.each_ref().map(|error| error.code);
        let [missing, invalid] = [ErrorCode::NotFound, ErrorCode::ValidationError];
        assert_eq!(codes, [missing, missing, invalid, invalid]);
        assert_eq!(directory.profiles(&too_many[1..]).await.unwrap(), []);
        answers.push(refusals);
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_the_ones_that_tokens_are_signed_with() {
    let world = populated().await;
    for directory in both(&world).await {
        assert_eq!(directory.signing_keys().await.unwrap(), world.ports.issuer.public_keys());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_away_or_mute_is_unavailable_in_time() {
    // A port that nobody listens on, and one that accepts and never answers.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let short = Duration::from_millis(200);
    for address in [free, mute.local_addr().unwrap()] {
        let directory = GrpcUserDirectory::connect_lazy(&format!("http://{address}"), short);
        let directory = directory.unwrap();
        let asked = tokio::time::timeout(TIMEOUT, directory.profiles(&[user(1)])).await.unwrap();
        assert!(matches!(asked, Err(DirectoryError::Unavailable(_))), "{asked:?}");
        assert_eq!(code(asked).code, ErrorCode::ServiceUnavailable);
    }
}
