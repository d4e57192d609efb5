//! A server whose handler does what tests need, and a client that speaks frames.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::{App, HttpServer};
use async_trait::async_trait;
use futures::future::BoxFuture;
use futures::{FutureExt, SinkExt, StreamExt};
use kernel::SystemRandom;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use socketio::{
    Admission, Answer, AskError, Builder, CloseReason, Config, Engine, Event, Handler, Handshake,
    OriginPolicy, Packet, Refusal, Reply, Session, Socket, on_connect,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long anything may take before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// How long the system tries to write to a client that does not read.
const UNREAD: Duration = Duration::from_secs(2);

/// What the handler saw, and what holds it up.
pub(crate) struct Watch {
    pub(crate) sockets: Mutex<Vec<Socket>>,
    pub(crate) handshakes: Mutex<Vec<Handshake>>,
    pub(crate) gone: Mutex<Vec<CloseReason>>,
    /// Names of events, in order.
    pub(crate) said: Mutex<Vec<String>>,
    pub(crate) unanswered: Mutex<Vec<AskError>>,
    /// A permit lets one `connect` with the token `slow` go on.
    pub(crate) connects: Semaphore,
    /// A permit lets one `hang` go on.
    pub(crate) hangs: Semaphore,
    pub(crate) running: AtomicUsize,
    pub(crate) most_running: AtomicUsize,
    pub(crate) started: AtomicUsize,
    pub(crate) finished: AtomicUsize,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            sockets: Mutex::default(),
            handshakes: Mutex::default(),
            gone: Mutex::default(),
            said: Mutex::default(),
            unanswered: Mutex::default(),
            connects: Semaphore::new(0),
            hangs: Semaphore::new(0),
            running: AtomicUsize::new(0),
            most_running: AtomicUsize::new(0),
            started: AtomicUsize::new(0),
            finished: AtomicUsize::new(0),
        }
    }
}

/// Lets everybody in who is not `bad`, and answers by name of event.
pub(crate) struct Echo(pub(crate) Arc<Watch>);

struct EchoSession {
    watch: Arc<Watch>,
    socket: Socket,
}

#[async_trait]
impl Handler for Echo {
    async fn connect(
        &self,
        socket: Socket,
        auth: Option<Box<RawValue>>,
        handshake: Handshake,
    ) -> Result<Box<dyn Session>, Refusal> {
        let auth: Value =
            auth.map_or(Value::Null, |auth| serde_json::from_str(auth.get()).unwrap());
        let hello = Packet::event("hello", &auth).unwrap();
        // The client may be gone already.
        let _ = socket.send(&hello);
        match auth["token"].as_str() {
            Some("bad") => {
                let data = json!({"code": "UNAUTHORIZED"});
                return Err(Refusal { message: "who are you".to_owned(), data });
            }
            Some("slow") => self.0.connects.acquire().await.unwrap().forget(),
            _ => {}
        }
        self.0.handshakes.lock().unwrap().push(handshake);
        self.0.sockets.lock().unwrap().push(socket.clone());
        Ok(Box::new(EchoSession { watch: Arc::clone(&self.0), socket }))
    }
}

impl Session for EchoSession {
    fn admit(&self, event: &Event) -> Admission {
        let slow = || RawValue::from_string("\"slow down\"".to_owned()).unwrap();
        match event.name.as_str() {
            "too often" => Admission::Refuse(Answer::value(slow())),
            "never" => Admission::Close(CloseReason::ServerDisconnect),
            _ => Admission::Handle,
        }
    }

    fn event(&self, event: Event) -> BoxFuture<'static, Answer> {
        let (watch, socket) = (Arc::clone(&self.watch), self.socket.clone());
        watch.started.fetch_add(1, Ordering::SeqCst);
        watch.said.lock().unwrap().push(event.name.clone());
        respond(watch, socket, event).boxed()
    }

    fn disconnected(&self, reason: &CloseReason) {
        self.watch.gone.lock().unwrap().push(*reason);
    }
}

async fn respond(watch: Arc<Watch>, socket: Socket, event: Event) -> Answer {
    let Event { name, args, attachments } = event;
    match name.as_str() {
        "echo" => Answer::with(args, attachments),
        "echo-then" => {
            let packet = Packet::event("after", &1).unwrap();
            Answer::from(args.into_iter().next()).then(move || socket.send(&packet).unwrap())
        }
        "say" => {
            socket.send(&Packet::event("said", &args).unwrap()).unwrap();
            Answer::none()
        }
        "say-back" => {
            socket.send(&Packet::event_with("said-back", &args, attachments)).unwrap();
            Answer::none()
        }
        "leave" => {
            socket.disconnect();
            Answer::none()
        }
        "ask" => {
            let question = Packet::event_with("question", &args, attachments);
            match socket.ask(&question, PATIENCE).await {
                Ok(Reply { args, attachments }) => Answer::with(args, attachments),
                Err(error) => {
                    watch.unanswered.lock().unwrap().push(error);
                    Answer::none()
                }
            }
        }
        "hang" => {
            let running = watch.running.fetch_add(1, Ordering::SeqCst) + 1;
            watch.most_running.fetch_max(running, Ordering::SeqCst);
            watch.hangs.acquire().await.unwrap().forget();
            watch.running.fetch_sub(1, Ordering::SeqCst);
            watch.finished.fetch_add(1, Ordering::SeqCst);
            Answer::from(args.into_iter().next())
        }
        other => panic!("a test sent {other}"),
    }
}

/// A running server.
pub(crate) struct Server {
    pub(crate) engine: Engine,
    pub(crate) watch: Arc<Watch>,
    pub(crate) address: SocketAddr,
}

pub(crate) fn config() -> Config {
    Config { allowed_origins: OriginPolicy::SameHost, ..Config::default() }
}

pub(crate) fn start(config: Config) -> Server {
    start_with(config, |builder, _| builder)
}

/// With more than the root, or other than it.
pub(crate) fn start_with(
    config: Config,
    more: impl FnOnce(Builder, &Arc<Watch>) -> Builder,
) -> Server {
    let watch = Arc::new(Watch::default());
    let builder = Engine::builder(config, Arc::new(SystemRandom));
    let builder = builder.namespace("/", Arc::new(Echo(Arc::clone(&watch))));
    serve(more(builder, &watch).build(), watch, true)
}

/// With websockets that stay with the web server.
pub(crate) fn start_plain(config: Config) -> Server {
    let watch = Arc::new(Watch::default());
    let handler = Arc::new(Echo(Arc::clone(&watch)));
    let engine = Engine::new(config, handler, Arc::new(SystemRandom));
    serve(engine, watch, false)
}

fn serve(engine: Engine, watch: Arc<Watch>, taken_over: bool) -> Server {
    let mounted = engine.clone();
    let server =
        HttpServer::new(move || App::new().configure(|services| mounted.configure(services)))
            .workers(2)
            .on_connect(move |connection, data| {
                if taken_over {
                    on_connect(connection, data, UNREAD);
                }
            })
            .h1_allow_half_closed(false)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .unwrap();
    let address = server.addrs()[0];
    actix_web::rt::spawn(server.run());
    Server { engine, watch, address }
}

impl Server {
    pub(crate) async fn open(&self) -> Client {
        let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket", self.address);
        let (stream, _) = connect_async(url).await.unwrap();
        let mut client = Client { stream };
        assert!(client.text().await.starts_with("0{"));
        client
    }

    pub(crate) async fn connect(&self) -> Client {
        let mut client = self.open().await;
        client.send("40").await;
        assert!(client.text().await.starts_with("40{"));
        assert_eq!(client.text().await, r#"42["hello",null]"#);
        client
    }

    pub(crate) fn socket(&self, index: usize) -> Socket {
        self.watch.sockets.lock().unwrap()[index].clone()
    }

    pub(crate) fn gone(&self) -> Vec<CloseReason> {
        self.watch.gone.lock().unwrap().clone()
    }

    pub(crate) async fn expect_gone(&self, reason: CloseReason) {
        until("the session hears that it ended", || !self.gone().is_empty()).await;
        assert_eq!(self.gone(), [reason]);
        until("the place is freed", || self.engine.connections() == 0).await;
    }

    /// A plain HTTP request; answers the status and the body.
    pub(crate) async fn request(&self, method: &str, query: &str, headers: &str) -> (u16, Value) {
        let answer = self.http(method, query, headers, b"").await;
        (answer.status, serde_json::from_str(&answer.body).unwrap())
    }

    /// An HTTP request on a connection of its own.
    pub(crate) async fn http(
        &self,
        method: &str,
        query: &str,
        headers: &str,
        body: &[u8],
    ) -> HttpAnswer {
        let mut stream = self.begin(method, query, headers, body).await;
        let mut answer = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
        HttpAnswer::read(&answer)
    }

    /// Sends a request and does not wait for the answer.
    pub(crate) async fn begin(
        &self,
        method: &str,
        query: &str,
        headers: &str,
        body: &[u8],
    ) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let length = if body.is_empty() {
            String::new()
        } else {
            format!("Content-Length: {}\r\n", body.len())
        };
        let head = format!(
            "{method} /socket.io/?{query} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{length}{headers}\r\n",
            self.address
        );
        stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
        stream
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct HttpAnswer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl HttpAnswer {
    fn read(bytes: &[u8]) -> Self {
        let text = std::str::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (own, value) = line.split_once(": ")?;
            own.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// Files that this process has open, connections included.
pub(crate) fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Waits for something to become true.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        sleep(Duration::from_millis(2)).await;
    }
}

pub(crate) struct Client {
    pub(crate) stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    pub(crate) async fn send(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    /// The next text message.
    pub(crate) async fn text(&mut self) -> String {
        match self.next().await {
            Some(Message::Text(text)) => text.as_str().to_owned(),
            other => panic!("no text came: {other:?}"),
        }
    }

    /// The next binary message.
    pub(crate) async fn binary(&mut self) -> Vec<u8> {
        match self.next().await {
            Some(Message::Binary(bytes)) => bytes.to_vec(),
            other => panic!("no bytes came: {other:?}"),
        }
    }

    /// Reads to the end; answers the texts and the code of the closing frame, if one came.
    pub(crate) async fn rest(&mut self) -> (Vec<String>, Option<u16>) {
        let (mut texts, mut code) = (Vec::new(), None);
        while let Some(message) = self.next().await {
            match message {
                Message::Text(text) => texts.push(text.as_str().to_owned()),
                Message::Close(frame) => code = frame.map(|frame| frame.code.into()),
                _ => {}
            }
        }
        (texts, code)
    }

    async fn next(&mut self) -> Option<Message> {
        match timeout(PATIENCE, self.stream.next()).await.expect("nothing came") {
            Some(Ok(message)) => Some(message),
            // The server may be gone before it read everything, which resets the connection.
            Some(Err(Error::Io(_) | Error::Protocol(_) | Error::ConnectionClosed)) | None => None,
            Some(Err(error)) => panic!("{error}"),
        }
    }
}

/// A client of long polling.
pub(crate) struct Poller<'a> {
    pub(crate) server: &'a Server,
    pub(crate) query: String,
}

impl<'a> Poller<'a> {
    /// Opens a session.
    pub(crate) async fn open(server: &'a Server) -> Self {
        let answer = server.http("GET", "EIO=4&transport=polling", "", b"").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let terms: Value = serde_json::from_str(answer.body.strip_prefix('0').unwrap()).unwrap();
        let sid = terms["sid"].as_str().unwrap();
        Self { server, query: format!("EIO=4&transport=polling&sid={sid}") }
    }

    /// Opens a session and connects to `/`.
    pub(crate) async fn connect(server: &'a Server) -> Self {
        let poller = Self::open(server).await;
        poller.say("40").await;
        let mut heard = Vec::new();
        while heard.len() < 2 {
            let body = poller.poll().await;
            heard.extend(body.split('\u{1e}').filter(|packet| *packet != "2").map(str::to_owned));
        }
        assert!(heard[0].starts_with("40{") && heard[1] == r#"42["hello",null]"#, "{heard:?}");
        poller
    }

    pub(crate) async fn get(&self) -> HttpAnswer {
        self.server.http("GET", &self.query, "", b"").await
    }

    pub(crate) async fn post(&self, body: &[u8]) -> HttpAnswer {
        self.server.http("POST", &self.query, "", body).await
    }

    /// The packets of the next GET.
    pub(crate) async fn poll(&self) -> String {
        let answer = self.get().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    pub(crate) async fn say(&self, packets: &str) {
        let answer = self.post(packets.as_bytes()).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
    }

    /// A websocket for the session.
    pub(crate) async fn websocket(&self) -> Client {
        let query = self.query.replace("polling", "websocket");
        let url = format!("ws://{}/socket.io/?{query}", self.server.address);
        Client { stream: connect_async(url).await.unwrap().0 }
    }

    /// The session is not there any more.
    pub(crate) async fn expect_unknown(&self) {
        let answer = self.get().await;
        let error: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(
            (answer.status, error),
            (400, json!({"code": 1, "message": "Session ID unknown"}))
        );
    }
}

/// Sends a GET that the server lets wait.
pub(crate) async fn parked(poller: &Poller<'_>) -> TcpStream {
    let stream = poller.server.begin("GET", &poller.query, "", b"").await;
    // Another client's round trip on every worker: what was sent before has been seen.
    for _ in 0..8 {
        poller.server.http("GET", "EIO=4&transport=polling&sid=none", "", b"").await;
    }
    stream
}

/// The rest of an answer.
pub(crate) async fn answer_of(mut stream: TcpStream) -> HttpAnswer {
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    HttpAnswer::read(&answer)
}
