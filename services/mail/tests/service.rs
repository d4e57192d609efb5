//! The service as it is started: codes from the bus become mails.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::{App, test};
use auth::Sealer;
use bus::{Bus, Message, SqliteBus};
use bytes::Bytes;
use contracts::events::{Event, SEND_OTP, SendOtp, TOPOLOGY, topics};
use kernel::{Clock, ManualClock, SeededRandom, SystemClock, SystemRandom, Timestamp};
use runtime::{Env, HealthStatus, Parts, check_all};
use settings::{Secrets, Settings};
use testkit::servers;
use testkit::wait::until;
use uuid::Uuid;

const SEAL_KEY: [u8; 32] = [7; 32];
const PATIENCE: Duration = Duration::from_secs(20);

/// The service over SQLite in a folder of its own, with a clock that stands still.
struct World {
    env: Env,
    bus: Arc<dyn Bus>,
    parts: Parts,
    clock: Arc<ManualClock>,
    place: tempfile::TempDir,
}

async fn world(overrides: &[(&str, &str)]) -> World {
    let place = tempfile::tempdir().unwrap();
    let data = ("server.data", place.path().to_str().unwrap());
    let overrides = overrides.iter().chain([&data]);
    let overrides: Vec<_> = overrides.map(|(key, value)| (*key, (*value).to_owned())).collect();
    let settings = Settings::load(None, [], &overrides).unwrap();
    let secrets = Secrets { seal_key: Some(SEAL_KEY), ..Secrets::default() };
    let clock = Arc::new(ManualClock::default());
    let env = Env::new(settings, secrets, clock.clone(), Arc::new(SeededRandom::new(1)));
    let database = env.databases.open(&place.path().join("restante.db")).unwrap();
    let bus = SqliteBus::new(database, "test", &TOPOLOGY, clock.clone()).await.unwrap();
    let bus: Arc<dyn Bus> = Arc::new(bus);
    let parts = restante_mail::start(&env, Arc::clone(&bus)).await.unwrap();
    World { env, bus, parts, clock, place }
}

impl World {
    fn mail(&self) -> PathBuf {
        self.place.path().join("mail")
    }

    async fn publish(&self, topic: &str, payload: Bytes) {
        let id = Uuid::from_u128(u128::from(self.env.random.below(u64::MAX)));
        let topic = topic.to_owned();
        let message = Message { id, topic, payload, traceparent: None, ttl: None };
        self.bus.publish(message).await.unwrap();
    }

    /// Asks for a code to be mailed, sealed under this key.
    async fn ask(&self, address: &str, code: &str, key: [u8; 32]) {
        let otp = otp(address, code, key, self.clock.now());
        self.publish(otp.topic(), otp.encode()).await;
    }

    async fn wait_for_dead_letters(&self, number: u64) {
        until(PATIENCE, || async {
            (self.bus.dead_letters(SEND_OTP).await.unwrap() == number).then_some(())
        })
        .await
        .unwrap();
    }

    async fn get(&self, path: &str) -> (StatusCode, HeaderMap, String) {
        let routes = Arc::clone(&self.parts.routes);
        let app = test::init_service(App::new().configure(|config| routes(config))).await;
        let request = test::TestRequest::get().uri(path).to_request();
        let response = test::call_service(&app, request).await;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = String::from_utf8(test::read_body(response).await.to_vec()).unwrap();
        (status, headers, body)
    }
}

fn otp(address: &str, code: &str, key: [u8; 32], now: Timestamp) -> Event {
    let challenge = Uuid::from_u128(9);
    let sealer = Sealer::new(key).unwrap();
    let context = SendOtp::seal_context(challenge, address);
    let code = sealer.seal(&SystemRandom, &context, code.as_bytes());
    Event::SendOtp(SendOtp {
        challenge,
        address: address.to_owned(),
        sealed_code: code.unwrap(),
        expires_at: now.plus(Duration::from_hours(1)),
    })
}

fn mails(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let whole = files.filter(|path| path.extension().is_some_and(|end| end == "eml"));
    whole.map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

async fn wait_for_mails(folder: &Path, number: usize) -> Vec<String> {
    let look = || async { Some(mails(folder)).filter(|mails| mails.len() >= number) };
    let found = until(PATIENCE, look).await.unwrap();
    assert_eq!(found.len(), number);
    found
}

#[tokio::test]
async fn a_code_goes_from_the_queue_into_the_folder() {
    let world = world(&[]).await;
    world.ask("ada@example.org", "123456", SEAL_KEY).await;
    let mails = wait_for_mails(&world.mail(), 1).await;
    assert!(mails[0].contains("\r\nTo: ada@example.org\r\n"), "{}", mails[0]);
    assert!(mails[0].contains("\r\n123456\r\n"));
    assert_eq!(check_all(&world.parts.checks).await.status, HealthStatus::Ok);
    // What is accepted is finished, and settled: nothing comes again after the end.
    world.env.tasks.stop().await;
    assert_eq!(world.bus.dead_letters(SEND_OTP).await.unwrap(), 0);
}

#[tokio::test]
async fn a_code_goes_from_the_queue_to_the_mail_server() {
    let server = servers::smtp().await.unwrap();
    let world = world(&[("mail.url", &server.url)]).await;
    let address = format!("{}@example.org", testkit::unique("ada"));
    world.ask(&address, "654321", SEAL_KEY).await;
    let mail = server.mail_to(&address, PATIENCE).await.unwrap();
    assert!(mail.replace("\r\n", "\n").contains("\n654321\n"), "{mail}");
    assert_eq!(check_all(&world.parts.checks).await.status, HealthStatus::Ok);
}

#[tokio::test]
async fn a_service_of_its_own_mails_what_the_broker_holds() {
    let server = servers::smtp().await.unwrap();
    let (url, namespace) = (servers::amqp_url().await.unwrap(), testkit::unique("mail"));
    let overrides = [
        ("bus.url", url.clone()),
        ("bus.namespace", namespace.clone()),
        ("mail.url", server.url.clone()),
        ("mail.listen", "127.0.0.1:0".to_owned()),
    ];
    let settings = Settings::load(None, [], &overrides).unwrap();
    let secrets = Secrets { seal_key: Some(SEAL_KEY), ..Secrets::default() };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let env = Env::new(settings, secrets, Arc::clone(&clock), Arc::new(SystemRandom));
    let bus = bus::open(&env.settings.bus, &TOPOLOGY, &env.databases, Arc::clone(&clock));
    let bus = bus.await.unwrap();
    let address = format!("{}@example.org", testkit::unique("ada"));
    let event = otp(&address, "654321", SEAL_KEY, clock.now());
    let (id, topic) = (Uuid::from_u128(1), event.topic().to_owned());
    let message = Message { id, topic, payload: event.encode(), traceparent: None, ttl: None };
    bus.publish(message).await.unwrap();
    // Asked for before the service was there.
    let running = restante_mail::serve(env.clone()).await.unwrap();
    server.mail_to(&address, PATIENCE).await.unwrap();
    assert_ne!(running.address.port(), 0);
    tokio::time::timeout(PATIENCE, running.finish(&env.tasks)).await.expect("an orderly end");
    assert_eq!(bus.dead_letters(SEND_OTP).await.unwrap(), 0);
}

#[tokio::test]
async fn what_can_never_be_mailed_is_set_aside_at_once() {
    let server = servers::smtp().await.unwrap();
    let world = world(&[("mail.url", &server.url)]).await;
    world.ask("refuse-550@example.org", "123456", SEAL_KEY).await;
    world.wait_for_dead_letters(1).await;
    world.ask("ada@example.org\r\nBcc: eve@example.org", "123456", SEAL_KEY).await;
    world.wait_for_dead_letters(2).await;
    world.ask("ada@example.org", "123456", [8; 32]).await;
    world.wait_for_dead_letters(3).await;
    world.publish(topics::SEND_OTP, Bytes::from_static(b"\xff")).await;
    world.wait_for_dead_letters(4).await;
    // The service still works.
    let address = format!("{}@example.org", testkit::unique("bob"));
    world.ask(&address, "123456", SEAL_KEY).await;
    server.mail_to(&address, PATIENCE).await.unwrap();
    assert_eq!(world.bus.dead_letters(SEND_OTP).await.unwrap(), 4);
}

#[tokio::test]
async fn a_server_that_is_busy_is_tried_again_after_each_back_off() {
    let server = servers::smtp().await.unwrap();
    let world = world(&[("mail.url", &server.url)]).await;
    let start = world.clock.now();
    world.ask("refuse-451@example.org", "123456", SEAL_KEY).await;
    until(PATIENCE * 2, || async {
        world.clock.advance(Duration::from_secs(1));
        (world.bus.dead_letters(SEND_OTP).await.unwrap() == 1).then_some(())
    })
    .await
    .unwrap();
    let queue = TOPOLOGY.queues.iter().find(|queue| queue.name == SEND_OTP).unwrap();
    let waited = world.clock.now().since(start);
    assert!(waited >= queue.backoff.iter().sum::<Duration>(), "set aside after {waited:?}");
}

#[actix_web::test]
async fn the_mailbox_shows_the_newest_mails_and_escapes_them() {
    let world = world(&[]).await;
    let (status, headers, body) = world.get("/dev/mailbox").await;
    assert_eq!(status, StatusCode::OK);
    assert!(body.contains("No mail yet"));
    let policy = headers.get("content-security-policy").unwrap().to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"));
    assert_eq!(headers.get("cache-control").unwrap(), "no-store");
    world.ask("a&b'c@example.org", "123456", SEAL_KEY).await;
    wait_for_mails(&world.mail(), 1).await;
    let hostile = "To: x\r\nSubject: <script>alert(\"1\")</script>\r\n\r\n</pre><img src=x>\r\n";
    std::fs::write(world.mail().join("9999999999999-x.eml"), hostile).unwrap();
    let (_, _, body) = world.get("/dev/mailbox").await;
    assert!(body.contains("a&amp;b&#39;c@example.org") && body.contains("\n123456\n"), "{body}");
    assert!(body.contains("&lt;script&gt;alert(&quot;1&quot;)") && body.contains("&lt;/pre&gt;"));
    assert!(!body.contains("<script") && !body.contains("<img"));
    assert!(body.find("&lt;script").unwrap() < body.find("123456").unwrap(), "newest first");
    let (status, headers, _) = world.get("/dev/mailbox.css").await;
    assert_eq!(status, StatusCode::OK);
    assert!(headers.get("content-type").unwrap().to_str().unwrap().starts_with("text/css"));
}

#[actix_web::test]
async fn the_mailbox_is_only_for_development_and_a_folder() {
    let production = world(&[("server.environment", "production")]).await;
    assert_eq!(production.get("/dev/mailbox").await.0, StatusCode::NOT_FOUND);
    let smtp = world(&[("mail.url", "smtp://127.0.0.1:1")]).await;
    assert_eq!(smtp.get("/dev/mailbox").await.0, StatusCode::NOT_FOUND);
    let health = check_all(&smtp.parts.checks).await;
    assert_eq!(health.status, HealthStatus::Degraded, "codes wait while the mail server is away");
}

#[tokio::test]
async fn without_the_key_the_service_does_not_start() {
    let world = world(&[]).await;
    let secrets = Arc::new(Secrets::default());
    let env = Env { secrets, ..world.env.clone() };
    let error = restante_mail::start(&env, Arc::clone(&world.bus)).await.unwrap_err();
    assert!(error.to_string().contains("tokens.seal_key"), "{error:#}");
}
