//! What a bad line does to what passes through it.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use testkit::proxy::{Fate, Harm, Protocol, Proxy, Rule, Way, Weather, Wire};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(10);
/// How long something is waited for that must not come.
const NEVER: Duration = Duration::from_millis(200);

/// Gives out its fates one after the other, then lets everything pass.
#[derive(Debug)]
struct Script(Mutex<Vec<Fate>>);

impl Rule for Script {
    fn fate(&self, _: &str) -> Fate {
        let mut fates = self.0.lock().unwrap();
        if fates.is_empty() { Fate::Pass } else { fates.remove(0) }
    }
}

/// A server that says back what it hears, and tells the test.
async fn parrot() -> (u16, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, heard) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let tell = tell.clone();
            tokio::spawn(async move {
                let mut words = [0; 100];
                while let Ok(length @ 1..) = stream.read(&mut words).await {
                    let _ = tell.send(String::from_utf8_lossy(&words[..length]).into_owned());
                    let _ = stream.write_all(&words[..length]).await;
                }
            });
        }
    });
    (port, heard)
}

async fn through(fates: &[Fate]) -> (Proxy, TcpStream, mpsc::UnboundedReceiver<String>) {
    let (port, heard) = parrot().await;
    let rule = Arc::new(Script(Mutex::new(fates.to_vec())));
    let proxy = Proxy::before(port, Protocol::Bytes, rule).await.unwrap();
    let client = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
    (proxy, client, heard)
}

/// What the client hears; nothing, once the connection has ended.
async fn answer(client: &mut TcpStream) -> String {
    let mut words = [0; 100];
    let length = timeout(SOON, client.read(&mut words)).await.expect("no answer").unwrap_or(0);
    String::from_utf8_lossy(&words[..length]).into_owned()
}

async fn silent(client: &mut TcpStream) -> bool {
    timeout(NEVER, client.read(&mut [0; 1])).await.is_err()
}

#[tokio::test]
async fn a_lost_answer_was_given_and_the_next_one_arrives() {
    let (proxy, mut client, mut heard) = through(&[Fate::LoseAnswer]).await;
    client.write_all(b"one").await.unwrap();
    assert_eq!(heard.recv().await.unwrap(), "one");
    assert!(silent(&mut client).await);
    client.write_all(b"two").await.unwrap();
    assert_eq!(answer(&mut client).await, "two");
    assert_eq!((proxy.counts().lost(), proxy.counts().all()), (1, 1));
}

#[tokio::test]
async fn a_late_question_arrives_although_the_client_has_gone() {
    let (proxy, mut client, mut heard) = through(&[Fate::Late(NEVER)]).await;
    client.write_all(b"one").await.unwrap();
    drop(client);
    assert!(heard.try_recv().is_err());
    assert_eq!(timeout(SOON, heard.recv()).await.unwrap().unwrap(), "one");
    assert_eq!(proxy.counts().late(), 1);
}

#[tokio::test]
async fn a_delayed_answer_arrives() {
    let (proxy, mut client, mut heard) = through(&[Fate::DelayAnswer(NEVER)]).await;
    client.write_all(b"one").await.unwrap();
    assert_eq!(heard.recv().await.unwrap(), "one");
    assert_eq!(answer(&mut client).await, "one");
    assert_eq!(proxy.counts().delayed(), 1);
}

#[tokio::test]
async fn a_cut_loses_the_question_or_only_its_answer() {
    let (proxy, mut client, mut heard) = through(&[Fate::Cut, Fate::CutAnswer]).await;
    client.write_all(b"one").await.unwrap();
    assert_eq!(answer(&mut client).await, "");
    assert!(heard.try_recv().is_err());
    let mut client = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
    client.write_all(b"two").await.unwrap();
    assert_eq!(heard.recv().await.unwrap(), "two");
    assert_eq!(answer(&mut client).await, "");
    assert_eq!(proxy.counts().cut(), 2);
}

#[tokio::test]
async fn a_server_that_is_gone_closes_the_line() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let rule = Arc::new(Script(Mutex::default()));
    let proxy = Proxy::before(gone, Protocol::Bytes, rule).await.unwrap();
    let mut client = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
    assert_eq!(answer(&mut client).await, "");
}

async fn wired() -> (Wire, TcpStream, mpsc::UnboundedReceiver<String>) {
    let (port, heard) = parrot().await;
    let wire = Wire::before(port, Protocol::Redis).await.unwrap();
    let client = TcpStream::connect(("127.0.0.1", wire.port())).await.unwrap();
    (wire, client, heard)
}

#[tokio::test]
async fn a_wire_swallows_one_way_and_the_connection_stays() {
    let (wire, mut client, mut heard) = wired().await;
    wire.harm(Way::ToClient, Harm::Swallow);
    client.write_all(b"+one\r\n").await.unwrap();
    assert_eq!(heard.recv().await.unwrap(), "+one\r\n");
    assert!(silent(&mut client).await);
    wire.harm(Way::ToServer, Harm::Swallow);
    wire.harm(Way::ToClient, Harm::None);
    client.write_all(b"+two\r\n").await.unwrap();
    assert!(silent(&mut client).await && heard.try_recv().is_err());
    wire.heal();
    client.write_all(b"+three\r\n").await.unwrap();
    assert_eq!(answer(&mut client).await, "+three\r\n");
    assert_eq!(wire.swallowed(), 2);
}

#[tokio::test]
async fn a_wire_swallows_by_name_however_frames_arrive() {
    let (wire, mut client, _heard) = wired().await;
    wire.harm(Way::ToClient, Harm::SwallowNamed(&["message"]));
    let (message, pong) = (">2\r\n$7\r\nmessage\r\n$1\r\na\r\n", "+PONG\r\n");
    client.write_all(format!("{message}{pong}{message}{pong}").as_bytes()).await.unwrap();
    let mut words = [0; 14];
    timeout(SOON, client.read_exact(&mut words)).await.unwrap().unwrap();
    assert_eq!(&words, b"+PONG\r\n+PONG\r\n");
    assert_eq!(wire.swallowed(), 2);
}

#[tokio::test]
async fn a_wire_delays_each_alike_and_keeps_order() {
    let (wire, mut client, _heard) = wired().await;
    wire.harm(Way::ToServer, Harm::Delay(NEVER));
    let start = tokio::time::Instant::now();
    client.write_all(b"+1\r\n+2\r\n+3\r\n+4\r\n+5\r\n").await.unwrap();
    let mut words = [0; 20];
    timeout(SOON, client.read_exact(&mut words)).await.unwrap().unwrap();
    assert_eq!(&words, b"+1\r\n+2\r\n+3\r\n+4\r\n+5\r\n");
    assert!(start.elapsed() >= NEVER);
}

#[tokio::test]
async fn bad_weather_loses_doubles_and_swaps_what_is_named_and_nothing_else() {
    const FRAMES: usize = 400;
    let by = Duration::from_millis(30);
    let weather = Weather { lost: 100, doubled: 100, late: 100, by };
    let sent: Vec<String> = (100..100 + FRAMES).map(|number| number.to_string()).collect();
    let mut arrived = Vec::new();
    for _ in 0..2 {
        let (port, _heard) = parrot().await;
        let wire = Wire::seeded(port, Protocol::Redis, 7).await.unwrap();
        let mut client = TcpStream::connect(("127.0.0.1", wire.port())).await.unwrap();
        wire.harm(Way::ToClient, Harm::Weather(&["message"], weather));
        for number in &sent {
            let frame = format!(">2\r\n$7\r\nmessage\r\n$3\r\n{number}\r\n");
            client.write_all(frame.as_bytes()).await.unwrap();
        }
        // It passes in its order, and the last of the others is late by no more than that.
        let end = "+end\r\n";
        let mut text = String::new();
        client.write_all(end.as_bytes()).await.unwrap();
        let mut bytes = [0; 4_096];
        while !text.contains(end) || wire.swallowed() != lost(&sent, &text) {
            let length = timeout(SOON, client.read(&mut bytes)).await.unwrap().unwrap();
            text.push_str(std::str::from_utf8(&bytes[..length]).unwrap());
        }
        arrived.push((numbers(&text), wire.swallowed()));
    }
    for (numbers, lost) in &arrived {
        let doubled = numbers.windows(2).filter(|two| two[0] == two[1]).count();
        let swapped = numbers.windows(2).filter(|two| two[0] > two[1]).count();
        assert!((10..100).contains(lost), "{lost} lost");
        assert!((10..100).contains(&doubled), "{doubled} doubled");
        assert!((10..100).contains(&swapped), "{swapped} swapped");
    }
    let mut all = arrived.into_iter().map(|(mut numbers, _)| {
        numbers.sort_unstable();
        numbers
    });
    assert_eq!(all.next(), all.next(), "the same seed draws the same lots");
}

/// The numbers in frames, in the order of arrival.
fn numbers(text: &str) -> Vec<u32> {
    let lines = text.lines().filter(|line| line.len() == 3);
    lines.filter_map(|line| line.parse().ok()).collect()
}

/// How many of them are not in the text.
fn lost(sent: &[String], text: &str) -> u64 {
    let arrived: HashSet<u32> = numbers(text).into_iter().collect();
    sent.iter().filter(|number| !arrived.contains(&number.parse().unwrap())).count() as u64
}

#[tokio::test]
async fn a_cut_wire_takes_new_connections_and_a_closed_one_does_not() {
    let (wire, mut client, _heard) = wired().await;
    client.write_all(b"+made\r\n").await.unwrap();
    assert_eq!(answer(&mut client).await, "+made\r\n");
    wire.cut();
    assert_eq!(answer(&mut client).await, "");
    let connect = async || TcpStream::connect(("127.0.0.1", wire.port())).await.unwrap();
    let mut client = connect().await;
    client.write_all(b"+one\r\n").await.unwrap();
    assert_eq!(answer(&mut client).await, "+one\r\n");
    wire.close();
    assert_eq!(answer(&mut client).await, "");
    assert_eq!(answer(&mut connect().await).await, "");
    wire.heal();
    let mut client = connect().await;
    client.write_all(b"+two\r\n").await.unwrap();
    assert_eq!(answer(&mut client).await, "+two\r\n");
}
