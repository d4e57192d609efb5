//! A real server on a free port, and clients that misbehave.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{self as routes, Data};
use auth::{Gate, Issuer, Revocations};
use kernel::{DeviceId, ErrorCode, SessionId, SystemClock, SystemRandom, UserId, WireError};
use kv::{Kv, SqliteKv};
use reqwest::{Method, StatusCode};
use runtime::{Check, Env, Parts, Running};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use settings::{Secrets, Settings};
use tokio::sync::Semaphore;
use web::{Caller, ClientNetwork, IdempotencyKey, Json, Path, Query, Server, WebError};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Letter {
    id: UserId,
    text: String,
    count: u32,
    #[serde(default)]
    kind: Option<Kind>,
    #[serde(default)]
    inner: Option<Box<Letter>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Direct,
    Group,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Find {
    q: String,
    limit: Option<u32>,
}

/// What tests turn while the server runs.
struct Knobs {
    store_works: AtomicBool,
    slow_began: Semaphore,
    slow_may_end: Semaphore,
}

async fn echo(letter: Json<Letter>) -> Json<Letter> {
    letter
}

async fn find(query: Query<Find>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "q": query.0.q, "limit": query.0.limit }))
}

async fn item(path: Path<(UserId, u64)>) -> HttpResponse {
    HttpResponse::Ok().json(path.0)
}

async fn me(caller: Caller) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "user": caller.0.user }))
}

async fn slow(knobs: Data<Knobs>) -> HttpResponse {
    knobs.slow_began.add_permits(1);
    let _may_end = knobs.slow_may_end.acquire().await.unwrap();
    HttpResponse::Ok().body("done")
}

async fn limited() -> Result<HttpResponse, WebError> {
    Err(WireError::new(ErrorCode::RateLimitExceeded, "slower").retry_after(7).into())
}

async fn own_error() -> HttpResponse {
    HttpResponse::BadRequest().json(json!({ "code": 0 }))
}

async fn network(network: ClientNetwork) -> String {
    network.0
}

async fn once(key: IdempotencyKey) -> String {
    key.0.to_string()
}

fn parts(knobs: Arc<Knobs>) -> Parts {
    let data = Data::from(knobs.clone());
    let store = Check::new("store", true, move || {
        let works = knobs.store_works.load(Ordering::SeqCst);
        async move { if works { Ok(()) } else { Err("away".to_owned()) } }
    });
    Parts {
        routes: Arc::new(move |config| {
            config
                .app_data(data.clone())
                .service(routes::resource("/letters").route(routes::post().to(echo)))
                .route("/find", routes::get().to(find))
                .route("/items/{userId}/{seq}", routes::get().to(item))
                .route("/me", routes::get().to(me))
                .route("/slow", routes::get().to(slow))
                .route("/limited", routes::get().to(limited))
                .route("/own", routes::get().to(own_error))
                .route("/network", routes::get().to(network))
                .route("/once", routes::post().to(once));
        }),
        checks: vec![store, Check::new("fanout", false, || async { Err("deaf".to_owned()) })],
        ..Parts::default()
    }
}

struct World {
    _folder: tempfile::TempDir,
    env: Env,
    kv: Arc<dyn Kv>,
    issuer: Arc<Issuer>,
    knobs: Arc<Knobs>,
    running: Running,
    client: reqwest::Client,
}

impl World {
    async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    async fn start_with(change: impl FnOnce(&mut Env)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().to_str().unwrap().to_owned();
        let overrides = [("server.data", data), ("server.workers", "1".to_owned())];
        let settings = Settings::load(None, [], &overrides).unwrap();
        let clock = Arc::new(SystemClock::default());
        let mut env = Env::new(settings, Secrets::default(), clock.clone(), Arc::new(SystemRandom));
        change(&mut env);
        let database = env.databases.open(&folder.path().join("kv.db")).unwrap();
        let kv: Arc<dyn Kv> = Arc::new(SqliteKv::new(database, "t", clock.clone()).await.unwrap());
        let issuer = Issuer::new([1; 32], "restante", "restante", Duration::from_mins(15)).unwrap();
        let issuer = Arc::new(issuer);
        let gate = Gate::new(issuer.clone(), "restante", "restante", kv.clone(), clock);
        let knobs = Arc::new(Knobs {
            store_works: AtomicBool::new(true),
            slow_began: Semaphore::new(0),
            slow_may_end: Semaphore::new(0),
        });
        let running = web::serve(Server {
            env: env.clone(),
            listen: "127.0.0.1:0".to_owned(),
            title: "Test",
            parts: vec![parts(knobs.clone())],
            gate: Some(Arc::new(gate)),
        });
        let running = running.unwrap();
        let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
        Self { _folder: folder, env, kv, issuer, knobs, running, client }
    }

    fn address(&self) -> SocketAddr {
        self.running.address
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address()))
    }

    async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    async fn post(&self, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.request(Method::POST, "/letters");
        Answer::of(request.header("content-type", "application/json").body(body)).await
    }
}

struct Answer {
    status: StatusCode,
    headers: reqwest::header::HeaderMap,
    text: String,
}

impl Answer {
    async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Checks the whole envelope; gives the field at fault, if one is named.
    fn assert_error(&self, code: ErrorCode) -> String {
        assert_eq!(self.status.as_u16(), code.http_status(), "{}", self.text);
        assert_eq!(self.header("content-type"), "application/json");
        let body = self.json();
        let error = &body["error"];
        assert_eq!(error["code"], code.as_str(), "{body}");
        assert!(!error["message"].as_str().unwrap().is_empty());
        assert_eq!(error["requestId"], self.header("x-request-id"));
        assert!(error["timestamp"].as_str().unwrap().ends_with('Z'));
        error["details"].as_array().unwrap().first().map_or_else(String::new, |detail| {
            assert!(!detail["message"].as_str().unwrap().is_empty());
            detail["field"].as_str().unwrap().to_owned()
        })
    }
}

const ID: &str = "0192d3c4-0000-7000-8000-000000000000";

fn letter() -> Value {
    json!({ "id": ID, "text": "hello", "count": 3 })
}

#[actix_web::test]
async fn a_request_is_answered_and_named() {
    let world = World::start().await;
    let answer = world.post(letter().to_string()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["text"], "hello");
    assert_eq!(answer.header("x-request-id").len(), 36);
    let named = world.request(Method::GET, "/find?q=a").header("x-request-id", "my-id.7");
    assert_eq!(Answer::of(named).await.header("x-request-id"), "my-id.7");
    for bad in ["a b", &"x".repeat(65)] {
        let request = world.request(Method::GET, "/find?q=a").header("x-request-id", bad);
        assert_eq!(Answer::of(request).await.header("x-request-id").len(), 36, "{bad}");
    }
}

#[actix_web::test]
async fn unknown_paths_and_methods_are_not_found_in_the_envelope() {
    let world = World::start().await;
    world.get("/nothing").await.assert_error(ErrorCode::NotFound);
    world.get("/letters").await.assert_error(ErrorCode::NotFound);
    let odd = world.request(Method::from_bytes(b"PURGE").unwrap(), "/find");
    Answer::of(odd).await.assert_error(ErrorCode::NotFound);
    let own = world.get("/own").await;
    assert_eq!((own.status.as_u16(), own.json()), (400, json!({ "code": 0 })));
}

#[actix_web::test]
async fn a_bad_body_is_refused_by_field_and_never_repeated() {
    let world = World::start().await;
    let with = |field: &str, value: Value| {
        let mut body = letter();
        body[field] = value;
        body.to_string()
    };
    let cases = [
        (with("count", json!("SECRET")), "count"),
        (with("count", json!(-1)), "count"),
        (with("count", json!(5_000_000_000_u64)), "count"),
        (with("text", json!({ "$ne": "" })), "text"),
        (with("text", json!(["SECRET"])), "text"),
        (with("id", json!("SECRET")), "id"),
        (with("id", json!({ "$ne": "" })), "id"),
        (with("kind", json!("SECRET, expected SECRET")), "kind"),
        (with("extra", json!("SECRET")), "extra"),
        (with("inner", json!({ "id": ID, "text": "", "count": "SECRET" })), "inner.count"),
        (with("inner", json!({ "id": ID, "text": "" })), "inner.count"),
        (with("inner", json!({ "oops": 1 })), "inner.oops"),
        ("{}".to_owned(), "id"),
        ("[]".to_owned(), "body"),
        ("\"SECRET\"".to_owned(), "body"),
        (String::new(), "body"),
        ("{\"id\": SECRET".to_owned(), "body"),
        (format!("{}{}", letter(), letter()), "body"),
        ("[".repeat(60_000), "body"),
        (format!(" {}", json!([ID, "text", 3])), "body"),
        (with("kind", json!(["SECRET"])), "kind"),
        (format!("{{\"inner\":{}", "{\"inner\":".repeat(6_000)), "body"),
    ];
    for (body, field) in cases {
        let answer = world.post(body.clone()).await;
        let at = answer.assert_error(ErrorCode::ValidationError);
        assert_eq!(at, field, "{} for {}", answer.text, &body[..body.len().min(80)]);
        assert!(!answer.text.contains("SECRET"), "{}", answer.text);
    }
    let answer = world.post(&b"{\"text\":\"\xff\xfe\"}"[..]).await;
    answer.assert_error(ErrorCode::ValidationError);
}

#[actix_web::test]
async fn only_json_is_taken_for_json() {
    let world = World::start().await;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""] {
        let request = world.request(Method::POST, "/letters").header("content-type", kind);
        let answer = Answer::of(request.body(letter().to_string())).await;
        answer.assert_error(ErrorCode::UnsupportedMediaType);
    }
    let request = world.request(Method::POST, "/letters");
    let request = request.header("content-type", "application/json; charset=utf-8");
    assert_eq!(Answer::of(request.body(letter().to_string())).await.status, 200);
}

#[actix_web::test]
async fn a_body_over_the_limit_is_drained_and_told() {
    let world = World::start().await;
    for size in [65_537, 1_000_000, 2_000_000] {
        let answer = world.post("x".repeat(size)).await;
        answer.assert_error(ErrorCode::PayloadTooLarge);
    }
    // The refusal reaches a client that sends to the end before it reads, wherever the body was going.
    let address = world.address();
    let told = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let head = "POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 1500000\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&vec![b'x'; 1_500_000]).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let told = told.await.unwrap().to_lowercase();
    assert!(told.starts_with("http/1.1 413") && told.contains("connection: close"), "{told}");
    assert!(told.contains("payload_too_large"), "{told}");
    let big = json!({ "id": ID, "text": "x".repeat(60_000), "count": 1 }).to_string();
    assert_eq!(world.post(big).await.status, 200, "what is below the limit is allowed");
}

#[actix_web::test]
async fn path_and_query_are_refused_by_name() {
    let world = World::start().await;
    assert_eq!(world.get(&format!("/items/{ID}/7")).await.json(), json!([ID, 7]));
    let cases = [
        (format!("/items/{ID}/-1"), "seq"),
        (format!("/items/{ID}/99999999999999999999"), "seq"),
        (format!("/items/{ID}/%00"), "seq"),
        ("/items/SECRET/1".to_owned(), "userId"),
        ("/items/%7B%22%24ne%22%3A%22%22%7D/1".to_owned(), "userId"),
        ("/items/%ff%fe/1".to_owned(), "userId"),
        ("/find".to_owned(), "q"),
        ("/find?q=a&limit=SECRET".to_owned(), "limit"),
        ("/find?q=a&limit=-1".to_owned(), "limit"),
        ("/find?q=a&extra=1".to_owned(), "extra"),
        ("/find?q=a&q=b".to_owned(), "q"),
        ("/find?q[$ne]=a".to_owned(), "q[$ne]"),
    ];
    for (path, field) in cases {
        let answer = world.get(&path).await;
        let at = answer.assert_error(ErrorCode::ValidationError);
        assert_eq!(at, field, "{path}: {}", answer.text);
        assert!(!answer.text.contains("SECRET"), "{}", answer.text);
    }
}

#[actix_web::test]
async fn only_a_good_token_makes_a_caller() {
    let world = World::start().await;
    let (now, random) = (world.env.clock.now(), SystemRandom);
    let (user, session) = (UserId::new_v7(now, &random), SessionId::new_v7(now, &random));
    let device = DeviceId::new_v7(now, &random);
    let token = world.issuer.issue(user, session, device, now).unwrap();
    let with = |value: String| world.request(Method::GET, "/me").header("authorization", value);
    let answer = Answer::of(with(format!("Bearer {token}"))).await;
    assert_eq!(answer.json()["user"], user.to_string());
    let refused = world.get("/me").await;
    refused.assert_error(ErrorCode::Unauthorized);
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    let long = "x".repeat(7_000);
    for bad in [token.as_str(), "Bearer", "Bearer ", "Basic YTpi", "Bearer a.b.c", &long] {
        Answer::of(with(bad.to_owned())).await.assert_error(ErrorCode::Unauthorized);
    }
    let in_query = format!("/me?token={token}&access_token={token}");
    world.get(&in_query).await.assert_error(ErrorCode::Unauthorized);
    Revocations::new(world.kv.clone(), Duration::from_mins(1)).revoke(session).await.unwrap();
    Answer::of(with(format!("Bearer {token}"))).await.assert_error(ErrorCode::Unauthorized);
}

#[actix_web::test]
async fn retry_after_stands_in_the_header_too() {
    let world = World::start().await;
    let answer = world.get("/limited").await;
    answer.assert_error(ErrorCode::RateLimitExceeded);
    assert_eq!(answer.header("retry-after"), "7");
    assert_eq!(answer.json()["error"]["retryAfter"], 7);
}

#[actix_web::test]
async fn the_network_of_the_client_comes_from_a_trusted_proxy() {
    let world = World::start().await;
    assert_eq!(world.get("/network").await.text, "127.0.0.1");
    let request = world.request(Method::GET, "/network");
    let request = request.header("x-forwarded-for", "6.6.6.6, 203.0.113.7, 127.0.0.9");
    assert_eq!(Answer::of(request).await.text, "203.0.113.7");
}

#[actix_web::test]
async fn an_idempotency_key_is_a_uuid() {
    let world = World::start().await;
    let once = || world.request(Method::POST, "/once");
    assert_eq!(Answer::of(once().header("idempotency-key", ID)).await.text, ID);
    for bad in ["", "1", "0192d3c4000070008000000000000000"] {
        let answer = Answer::of(once().header("idempotency-key", bad)).await;
        assert_eq!(answer.assert_error(ErrorCode::ValidationError), "Idempotency-Key");
    }
    Answer::of(once()).await.assert_error(ErrorCode::ValidationError);
}

#[actix_web::test]
async fn pages_of_this_machine_may_call_in_development() {
    let world = World::start().await;
    let ask = |origin: &str| {
        let request = world.request(Method::OPTIONS, "/letters").header("origin", origin);
        Answer::of(request.header("access-control-request-method", "POST"))
    };
    let answer = ask("http://localhost:5173").await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), "http://localhost:5173");
    assert!(answer.header("access-control-allow-headers").contains("Authorization"));
    let answer = ask("https://evil.example").await;
    answer.assert_error(ErrorCode::Forbidden);
    assert_eq!(answer.header("access-control-allow-origin"), "");
    // An error must be readable for the page as well.
    let request = world.request(Method::GET, "/limited").header("origin", "http://localhost:1");
    let answer = Answer::of(request).await;
    assert_eq!(answer.header("access-control-allow-origin"), "http://localhost:1");
    assert_eq!(answer.header("vary"), "Origin");
}

#[actix_web::test]
async fn health_names_each_dependency() {
    let world = World::start().await;
    assert_eq!(world.get("/health/live").await.status, 200);
    let answer = world.get("/health/ready").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (200, &json!("degraded")));
    assert_eq!(answer.json()["checks"]["store"]["status"], "ok");
    world.knobs.store_works.store(false, Ordering::SeqCst);
    let answer = world.get("/health/ready").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (503, &json!("unavailable")));
    assert_eq!(answer.json()["checks"]["fanout"]["status"], "degraded");
}

#[actix_web::test]
async fn the_api_describes_itself() {
    let world = World::start().await;
    let answer = world.get("/openapi.json").await;
    assert_eq!(answer.json()["info"]["title"], "Test");
    assert!(answer.json()["components"]["schemas"]["EnvelopeError"].is_object());
    let page = world.get("/docs").await;
    assert!(page.status == 200 && page.text.contains("swagger"), "{}", page.text);
}

#[actix_web::test]
async fn metrics_count_by_route_and_not_by_path() {
    let install = |env: &mut Env| env.measures = runtime::Measures::install(&env.tasks).unwrap();
    let world = World::start_with(install).await;
    for n in 0..20 {
        world.get(&format!("/items/{ID}/{n}")).await;
        world.get(&format!("/nothing/{n}")).await;
    }
    let text = world.get("/metrics").await.text;
    let line =
        "http_requests_total{route=\"/items/{userId}/{seq}\",method=\"GET\",status=\"200\"} 20";
    assert!(text.contains(line), "{text}");
    assert!(text.contains("route=\"unknown\"") && !text.contains("/nothing/"), "{text}");
    assert!(text.contains("http_request_duration_seconds_bucket"), "{text}");
}

#[actix_web::test]
async fn the_end_waits_for_what_was_accepted() {
    let world = World::start().await;
    let (address, knobs) = (world.address(), world.knobs.clone());
    let slow = tokio::spawn(Answer::of(world.request(Method::GET, "/slow")));
    let _began = knobs.slow_began.acquire().await.unwrap();
    let tasks = world.env.tasks.clone();
    let finish = tokio::spawn(async move { world.running.finish(&tasks).await });
    let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
    while TcpStream::connect(address).is_ok() {
        assert!(tokio::time::Instant::now() < deadline, "still accepting");
        tokio::task::yield_now().await;
    }
    assert!(!finish.is_finished(), "a request is still under way");
    knobs.slow_may_end.add_permits(1);
    assert_eq!(slow.await.unwrap().text, "done");
    tokio::time::timeout(Duration::from_secs(5), finish).await.unwrap().unwrap();
}

#[actix_web::test]
async fn half_a_request_and_nonsense_do_no_harm() {
    let world = World::start().await;
    let address = world.address();
    let tried = tokio::task::spawn_blocking(move || {
        for bytes in [&b"GET /find?q=a HTTP/1.1\r\nHost"[..], b"\x00\xff\xfe\r\n\r\n", b"\r\n\r\n"]
        {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(bytes).unwrap();
        }
        let mut cut = TcpStream::connect(address).unwrap();
        let head = "POST /letters HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
        cut.write_all(format!("{head}Content-Length: 100\r\n\r\n{{\"id\":").as_bytes()).unwrap();
    });
    tried.await.unwrap();
    assert_eq!(world.get("/find?q=a").await.status, 200);
}
