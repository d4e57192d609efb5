use std::sync::Arc;
use std::time::Duration;

use auth::{AuthError, Gate};
use bus::RabbitBus;
use contracts::events::TOPOLOGY;
use kernel::{DeviceId, ErrorCode, SystemClock, WireError};
use kv::RedisKv;
use uuid::Uuid;

use super::begin::{Begin, BeginError, Begun, begin};
use super::verify::{Verified, Verify, VerifyError, verify};
use crate::ports::Ports;
use crate::testing::{Mails, World, world, world_on_bus, world_on_kv};

const ADA: &str = "ada@example.org";
/// No limit on mails gets in the way.
const MANY_MAILS: &[(&str, &str)] = &[
    ("user.login.sends_per_minute", "1000"),
    ("user.login.sends_per_hour", "1000"),
    ("user.login.sends_per_day", "1000"),
    ("user.login.sends_per_hour_per_network", "1000"),
];

async fn ask(ports: &Ports, email: &str, token: Option<&str>) -> Result<Begun, BeginError> {
    begin(ports, Begin { email, device_token: token, network: "192.0.2.1" }).await
}

fn answer(challenge: Uuid, code: &str) -> Verify<'_> {
    Verify { challenge, code, device: None, device_name: "Laptop", platform: "linux" }
}

async fn tell(ports: &Ports, challenge: Uuid, code: &str) -> Result<Verified, VerifyError> {
    verify(ports, answer(challenge, code)).await
}

/// Asks for a code and takes it from the mail.
async fn code(world: &World, mails: &mut Mails, email: &str) -> (Uuid, String) {
    let begun = ask(&world.ports, email, None).await.unwrap();
    let (mail, code) = mails.next().await;
    assert_eq!((mail.challenge, mail.address.as_str()), (begun.challenge, email));
    (begun.challenge, code)
}

async fn log_in(world: &World, mails: &mut Mails, email: &str) -> Verified {
    let (challenge, code) = code(world, mails, email).await;
    tell(&world.ports, challenge, &code).await.unwrap()
}

/// Another code than this one.
fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

#[tokio::test]
async fn a_code_lets_in_once() {
    let world = world(&[]).await;
    let mut mails = world.mails().await;
    let begun = ask(&world.ports, " Ada@Example.ORG ", None).await.unwrap();
    assert_eq!((begun.expires_in.as_secs(), begun.resend_in.as_secs()), (300, 60));
    let (mail, code) = mails.next().await;
    assert_eq!(mail.address, ADA);
    assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
    let verified = tell(&world.ports, begun.challenge, &code).await.unwrap();
    assert!(verified.is_new);
    assert_eq!((verified.user.name, verified.user.username), (None, None));
    assert_eq!((&*verified.device.name, &*verified.device.platform), ("Laptop", "linux"));
    let again = tell(&world.ports, begun.challenge, &code).await;
    assert!(matches!(again, Err(VerifyError::Challenge)), "{again:?}");
    world.clock.advance(Duration::from_hours(1));
    let second = log_in(&world, &mut mails, ADA).await;
    assert!(!second.is_new);
    assert_eq!(second.user.id, verified.user.id);
    assert_ne!(second.device.id, verified.device.id);
}

#[tokio::test]
async fn one_log_in_too_many_takes_the_place_of_the_device_unseen_longest() {
    let world = world(&[MANY_MAILS, &[("user.devices.per_person", "2")]].concat()).await;
    let mut mails = world.mails().await;
    let mut came = Vec::new();
    for _ in 0..3 {
        came.push(log_in(&world, &mut mails, ADA).await);
        world.clock.advance(Duration::from_mins(4));
    }
    let ports = &world.ports;
    let gate = Gate::new(
        ports.issuer.clone(),
        "restante",
        "restante",
        ports.kv.clone(),
        world.clock.clone(),
    );
    let first = gate.admit(&came[0].tokens.access).await;
    assert!(matches!(first, Err(AuthError::Revoked)), "{first:?}");
    for other in &came[1..] {
        gate.admit(&other.tokens.access).await.unwrap();
    }
    let devices = ports.accounts.devices(came[0].user.id).await.unwrap();
    let left: Vec<_> = devices.iter().map(|device| device.id).collect();
    assert_eq!(left, [came[2].device.id, came[1].device.id]);
}

#[tokio::test]
async fn of_many_at_once_one_gets_in() {
    let world = world(&[]).await;
    let mut mails = world.mails().await;
    let (challenge, code) = code(&world, &mut mails, ADA).await;
    let at_once = (0..4).map(|_| tell(&world.ports, challenge, &code));
    let answers = futures::future::join_all(at_once).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
}

#[tokio::test]
async fn a_wrong_code_is_told_and_the_sixth_try_is_too_many() {
    let world = world(&[]).await;
    let mut mails = world.mails().await;
    let (challenge, code) = code(&world, &mut mails, ADA).await;
    for _ in 0..5 {
        let refused = tell(&world.ports, challenge, &wrong(&code)).await;
        assert!(matches!(refused, Err(VerifyError::Code)), "{refused:?}");
    }
    let sixth = tell(&world.ports, challenge, &code).await;
    assert!(matches!(sixth, Err(VerifyError::Challenge)), "{sixth:?}");
}

#[tokio::test]
async fn a_code_is_good_for_its_challenge_and_its_time() {
    let world = world(MANY_MAILS).await;
    let mut mails = world.mails().await;
    let (one, first) = code(&world, &mut mails, ADA).await;
    let (two, second) = code(&world, &mut mails, "eve@example.org").await;
    assert_ne!(first, second, "a seed that gives two codes");
    let crossed = tell(&world.ports, one, &second).await;
    assert!(matches!(crossed, Err(VerifyError::Code)), "{crossed:?}");
    world.clock.advance(Duration::from_secs(299));
    tell(&world.ports, one, &first).await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    let late = tell(&world.ports, two, &second).await;
    assert!(matches!(late, Err(VerifyError::Challenge)), "{late:?}");
    let unknown = tell(&world.ports, Uuid::from_u128(1), &first).await;
    assert!(matches!(unknown, Err(VerifyError::Challenge)), "{unknown:?}");
}

#[tokio::test]
async fn the_21st_try_of_a_day_is_too_many_over_all_challenges() {
    let world = world(MANY_MAILS).await;
    let mut mails = world.mails().await;
    for _ in 0..4 {
        let (challenge, code) = code(&world, &mut mails, ADA).await;
        for _ in 0..5 {
            let refused = tell(&world.ports, challenge, &wrong(&code)).await;
            assert!(matches!(refused, Err(VerifyError::Code)), "{refused:?}");
        }
    }
    let (challenge, right) = code(&world, &mut mails, ADA).await;
    let error = WireError::from(tell(&world.ports, challenge, &right).await.unwrap_err());
    assert_eq!((error.code, error.retry_after), (ErrorCode::RateLimitExceeded, Some(86_400)));
    log_in(&world, &mut mails, "eve@example.org").await;
    world.clock.advance(Duration::from_hours(24));
    log_in(&world, &mut mails, ADA).await;
}

#[tokio::test]
async fn a_fourth_challenge_takes_the_place_of_the_oldest() {
    let world = world(MANY_MAILS).await;
    let mut mails = world.mails().await;
    let mut asked = Vec::new();
    for _ in 0..4 {
        asked.push(code(&world, &mut mails, ADA).await);
        world.clock.advance(Duration::from_secs(1));
    }
    let dropped = tell(&world.ports, asked[0].0, &asked[0].1).await;
    assert!(matches!(dropped, Err(VerifyError::Challenge)), "{dropped:?}");
    for (challenge, code) in &asked[1..] {
        tell(&world.ports, *challenge, code).await.unwrap();
    }
}

#[tokio::test]
async fn mails_to_an_address_run_out() {
    let world = world(&[]).await;
    let refused = async |wait| {
        let error = WireError::from(ask(&world.ports, ADA, None).await.unwrap_err());
        assert_eq!((error.code, error.retry_after), (ErrorCode::RateLimitExceeded, Some(wait)));
    };
    let minute = Duration::from_mins(1);
    for _ in 0..4 {
        ask(&world.ports, ADA, None).await.unwrap();
        refused(60).await;
        world.clock.advance(minute);
    }
    ask(&world.ports, ADA, None).await.unwrap();
    refused(56 * 60).await;
    world.clock.advance(minute * 56);
    for _ in 60..65 {
        ask(&world.ports, ADA, None).await.unwrap();
        world.clock.advance(minute);
    }
    world.clock.advance(minute * 60);
    refused((24 * 60 - 125) * 60).await;
    ask(&world.ports, "eve@example.org", None).await.unwrap();
}

#[tokio::test]
async fn mails_from_a_network_run_out() {
    let world = world(&[]).await;
    for n in 0..20 {
        ask(&world.ports, &format!("p{n}@example.org"), None).await.unwrap();
    }
    let last = ask(&world.ports, "p20@example.org", None).await;
    assert!(matches!(last, Err(BeginError::TooOften(_))), "{last:?}");
    let elsewhere = Begin { email: ADA, device_token: None, network: "192.0.2.2" };
    begin(&world.ports, elsewhere).await.unwrap();
}

#[tokio::test]
async fn a_known_device_is_not_locked_out_by_a_stranger() {
    let world = world(&[]).await;
    let mut mails = world.mails().await;
    let known = log_in(&world, &mut mails, ADA).await;
    let token = Some(&*known.device_token);
    world.clock.advance(Duration::from_hours(25));
    let mine = ask(&world.ports, ADA, token).await.unwrap();
    let (_, code) = mails.next().await;
    // The stranger uses up what the address has: its mails, and the tries of its challenges.
    for _ in 0..4 {
        let theirs = ask(&world.ports, ADA, None).await.unwrap().challenge;
        let (_, theirs_code) = mails.next().await;
        for _ in 0..5 {
            let _ = tell(&world.ports, theirs, &wrong(&theirs_code)).await.unwrap_err();
        }
        world.clock.advance(Duration::from_mins(1));
    }
    tell(&world.ports, mine.challenge, &code).await.unwrap();
    ask(&world.ports, ADA, token).await.unwrap();
    let stolen = ask(&world.ports, "eve@example.org", token).await.unwrap();
    assert_ne!(stolen.challenge, mine.challenge);
    let counted = ask(&world.ports, "eve@example.org", None).await;
    assert!(matches!(counted, Err(BeginError::TooOften(_))), "a token of another address counts");
}

#[tokio::test]
async fn a_device_keeps_its_id() {
    let world = world(&[]).await;
    let mut mails = world.mails().await;
    let first = log_in(&world, &mut mails, ADA).await;
    world.clock.advance(Duration::from_mins(1));
    let (challenge, code) = code(&world, &mut mails, ADA).await;
    let device = Some(first.device.id);
    let input = Verify { device, device_name: "  Desk  ", ..answer(challenge, &code) };
    let second = verify(&world.ports, input).await.unwrap();
    assert_eq!((second.device.id, &*second.device.name), (first.device.id, "Desk"));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_before_it_counts() {
    let world = world(&[]).await;
    let mut mails = world.mails().await;
    let (challenge, code) = code(&world, &mut mails, ADA).await;
    let long = "x".repeat(65);
    let good = answer(challenge, &code);
    for (input, field) in [
        (Verify { code: "12345", ..good }, "otp"),
        (Verify { code: "١٢٣٤٥٦", ..good }, "otp"),
        (Verify { device_name: "", ..good }, "device.name"),
        (Verify { device_name: &long, ..good }, "device.name"),
        (Verify { platform: "a\nb", ..good }, "device.platform"),
        (Verify { platform: &long[..33], ..good }, "device.platform"),
    ] {
        let error = WireError::from(verify(&world.ports, input).await.unwrap_err());
        assert_eq!((error.code, &*error.details[0].field), (ErrorCode::ValidationError, field));
    }
    let made_up = Some(DeviceId::from_uuid(Uuid::from_u128(4)));
    let verified = verify(&world.ports, Verify { device: made_up, ..good }).await.unwrap();
    assert_ne!(Some(verified.device.id), made_up);
}

#[tokio::test]
async fn neither_address_nor_code_is_readable_in_the_short_lived_store() {
    let world = world(&[]).await;
    let mut mails = world.mails().await;
    let (challenge, code) = code(&world, &mut mails, ADA).await;
    let kept = world.ports.kv.get(&format!("login:challenge:{challenge}")).await.unwrap().unwrap();
    let kept = String::from_utf8_lossy(&kept);
    assert!(!kept.contains(ADA) && !kept.contains(&code), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_short_lived_store_away_nobody_gets_in_and_nothing_is_mailed() {
    let server = testkit::servers::private_redis().await.unwrap();
    let kv = RedisKv::connect(&server.url(), "test").await.unwrap();
    let world = world_on_kv(Arc::new(kv)).await;
    let mut mails = world.mails().await;
    let (challenge, code) = code(&world, &mut mails, ADA).await;
    server.kill().await.unwrap();
    let error = WireError::from(tell(&world.ports, challenge, &code).await.unwrap_err());
    assert_eq!(error.code, ErrorCode::ServiceUnavailable);
    let error = WireError::from(ask(&world.ports, "eve@example.org", None).await.unwrap_err());
    assert_eq!(error.code, ErrorCode::ServiceUnavailable);
    let more = tokio::time::timeout(Duration::from_millis(300), mails.next()).await;
    assert!(more.is_err(), "a code was mailed that nobody can check");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_bus_away_no_code_is_promised() {
    let server = testkit::servers::private_rabbit().await.unwrap();
    let wait = Duration::from_secs(2);
    let clock = Arc::new(SystemClock::default());
    let bus = RabbitBus::connect(&server.url(), "test", &TOPOLOGY, wait, clock).await.unwrap();
    let world = world_on_bus(Arc::new(bus)).await;
    let mut mails = world.mails().await;
    code(&world, &mut mails, ADA).await;
    server.kill().await.unwrap();
    let error = WireError::from(ask(&world.ports, "eve@example.org", None).await.unwrap_err());
    assert_eq!(error.code, ErrorCode::ServiceUnavailable);
}
