use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use kernel::SeededRandom;

use super::websocket::CHUNK_BYTES;
use super::*;
use crate::machine::transport::{ProbeStep, Refused};

#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn queue(bytes: usize, packets: usize) -> Queue {
    of(bytes, packets, Transport::Websocket)
}

fn of(bytes: usize, packets: usize, transport: Transport) -> Queue {
    let config = Config { queue_bytes: bytes, queue_packets: packets, ..Config::default() };
    Queue::new(&config, transport)
}

fn id() -> SocketId {
    SocketId::draw(&SeededRandom::new(1))
}

/// Sends as a socket does whose CONNECT is answered.
fn send(queue: &Queue, bytes: Bytes) -> Result<(), SendError> {
    queue.send([Frame::Text(bytes)], || None)
}

/// Sends as a socket does whose CONNECT is not.
fn hold(queue: &Queue, bytes: Bytes) -> Result<(), SendError> {
    queue.send([Frame::Text(bytes)], || Some(id()))
}

fn open(queue: &Queue, answer: &'static str) {
    queue.open(id(), text(answer), || {});
}

fn text(bytes: &'static str) -> Bytes {
    Bytes::from_static(bytes.as_bytes())
}

fn next(queue: &Queue) -> Poll<Option<Bytes>> {
    queue.poll_chunk(0, &Context::from_waker(Waker::noop()))
}

fn chunk(queue: &Queue) -> Bytes {
    match next(queue) {
        Poll::Ready(Some(bytes)) => bytes,
        other => panic!("nothing to write: {other:?}"),
    }
}

#[test]
fn packets_wait_behind_the_answer_to_connect() {
    let queue = queue(100, 10);
    queue.push(Frame::Text(text("0{}")));
    hold(&queue, text("42a")).unwrap();
    hold(&queue, text("42b")).unwrap();
    assert_eq!(chunk(&queue), &b"\x81\x030{}"[..]);
    assert!(next(&queue).is_pending());
    open(&queue, "40");
    send(&queue, text("42c")).unwrap();
    assert_eq!(chunk(&queue), &b"\x81\x0240\x81\x0342a\x81\x0342b\x81\x0342c"[..]);
}

#[test]
fn a_refused_client_never_gets_what_was_sent_before() {
    let queue = queue(4, 10);
    hold(&queue, text("42a")).unwrap();
    queue.forget_held(id());
    open(&queue, "40");
    assert_eq!(chunk(&queue), &b"\x81\x0240"[..]);
    send(&queue, text("42bc")).unwrap();
}

#[test]
fn a_full_queue_closes_and_frees_what_it_held() {
    for queue in [queue(8, 100), queue(1_000, 2)] {
        open(&queue, "40");
        assert_eq!(chunk(&queue).len(), 4);
        send(&queue, text("abcd")).unwrap();
        send(&queue, text("efgh")).unwrap();
        assert_eq!(send(&queue, text("i")), Err(SendError::Full));
        assert_eq!(send(&queue, text("j")), Err(SendError::Closed));
        assert_eq!(queue.reason(), Some(CloseReason::SlowReader));
        assert!(next(&queue).is_pending());
        queue.end(CloseReason::SlowReader, [Frame::Close(CloseReason::SlowReader)]);
        assert_eq!(chunk(&queue), &b"\x88\x02\x03\xf0"[..]);
        assert_eq!(next(&queue), Poll::Ready(None));
    }
}

#[test]
fn what_is_queued_before_the_end_is_still_written() {
    let queue = queue(100, 10);
    open(&queue, "40");
    send(&queue, text("bye")).unwrap();
    queue.close(CloseReason::SessionRevoked);
    assert_eq!(send(&queue, text("late")), Err(SendError::Closed));
    queue.close(CloseReason::Draining);
    assert_eq!(queue.reason(), Some(CloseReason::SessionRevoked), "the first reason counts");
    queue.end(CloseReason::SessionRevoked, [Frame::Text(text("41"))]);
    assert_eq!(chunk(&queue), &b"\x81\x0240\x81\x03bye\x81\x0241"[..]);
    assert_eq!(next(&queue), Poll::Ready(None));
}

#[test]
fn a_burst_is_written_in_few_pieces_and_in_order() {
    let queue = queue(1 << 20, 1_000);
    open(&queue, "40");
    let packet = Bytes::from(vec![b'x'; 1_000]);
    for _ in 0..100 {
        send(&queue, packet.clone()).unwrap();
    }
    let mut pieces = Vec::new();
    while let Poll::Ready(Some(piece)) = next(&queue) {
        assert!(piece.len() < CHUNK_BYTES + 1_100);
        pieces.push(piece);
    }
    assert!(pieces.len() < 10, "{} pieces", pieces.len());
    assert_eq!(pieces.iter().map(Bytes::len).sum::<usize>(), 4 + 100 * 1_004);
    // All of the room is there again.
    send(&queue, Bytes::from(vec![b'x'; 1 << 20])).unwrap();
}

#[test]
fn the_writer_is_woken_by_every_packet_it_waits_for() {
    let queue = queue(100, 10);
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let wait = || assert!(queue.poll_chunk(0, &Context::from_waker(&waker)).is_pending());
    let rung = || bell.0.load(Ordering::SeqCst);
    wait();
    open(&queue, "40");
    assert_eq!(rung(), 1);
    chunk(&queue);
    wait();
    send(&queue, text("a")).unwrap();
    send(&queue, text("b")).unwrap();
    assert_eq!(rung(), 2, "a writer that is awake is not woken again");
    chunk(&queue);
    wait();
    queue.end(CloseReason::Draining, []);
    assert_eq!(rung(), 3);
}

#[tokio::test]
async fn the_keeper_is_told_to_close() {
    let queue = Arc::new(queue(100, 10));
    let keeper = tokio::spawn({
        let queue = Arc::clone(&queue);
        async move { queue.called().await }
    });
    tokio::task::yield_now().await;
    queue.abandon();
    let reason = tokio::time::timeout(std::time::Duration::from_secs(5), keeper).await;
    assert_eq!(reason.unwrap().unwrap(), Call::Close(CloseReason::TransportClosed));
    assert_eq!(send(&queue, text("x")), Err(SendError::Closed));
}

fn polled(queue: &Queue) -> Poll<Polled> {
    queue.poll_packets(&Context::from_waker(Waker::noop()))
}

fn packets(queue: &Queue) -> Bytes {
    match polled(queue) {
        Poll::Ready(Polled::Packets(bytes)) => bytes,
        other => panic!("no packets: {other:?}"),
    }
}

#[test]
fn a_get_takes_everything_at_once() {
    let queue = of(100, 10, Transport::polling());
    assert_eq!(queue.begin_poll(), Ok(false));
    assert!(polled(&queue).is_pending());
    queue.send([Frame::Text(text("4a")), Frame::Binary(text("bytes"))], || None).unwrap();
    send(&queue, text("4b")).unwrap();
    assert_eq!(packets(&queue), &b"4a\x1ebYnl0ZXM=\x1e4b"[..]);
    queue.end_poll();
    assert_eq!(queue.begin_poll(), Ok(false));
    assert_eq!(queue.begin_poll(), Err(Refused::Overlap));
    // All of the room is there again.
    send(&queue, Bytes::from(vec![b'x'; 100])).unwrap();
}

#[test]
fn after_the_change_nothing_goes_onto_polling() {
    let queue = of(100, 10, Transport::polling());
    send(&queue, text("4before")).unwrap();
    let number = queue.open_probe().unwrap();
    let on_websocket = || queue.poll_chunk(number, &Context::from_waker(Waker::noop()));
    assert!(on_websocket().is_pending(), "polling carries the session");
    assert_eq!(queue.probed(b"2probe"), ProbeStep::Answer);
    assert_eq!(on_websocket(), Poll::Ready(Some(Bytes::from_static(b"\x81\x063probe"))));
    assert_eq!(queue.begin_poll(), Ok(true));
    assert_eq!(packets(&queue), "4before", "until the change polling goes on");
    assert!(polled(&queue).is_pending());
    send(&queue, text("4after")).unwrap();
    assert_eq!(queue.probed(b"5"), ProbeStep::Switch);
    assert_eq!(polled(&queue), Poll::Ready(Polled::Moved));
    assert_eq!(on_websocket(), Poll::Ready(Some(Bytes::from_static(b"\x81\x064after"))));
    assert!(on_websocket().is_pending());
    queue.lost(number);
    assert_eq!(queue.reason(), Some(CloseReason::TransportClosed));
}

#[test]
fn a_get_goes_back_when_the_client_is_to_change() {
    let queue = of(100, 10, Transport::polling());
    queue.begin_poll().unwrap();
    let number = queue.open_probe().unwrap();
    assert!(polled(&queue).is_pending());
    queue.probed(b"2probe");
    assert_eq!(packets(&queue), "6");
    queue.end_poll();
    queue.lost(number);
    assert_eq!(queue.reason(), None, "polling lives");
    assert_eq!(queue.begin_poll(), Ok(false));
    assert!(polled(&queue).is_pending());
    let gone = queue.poll_chunk(number, &Context::from_waker(Waker::noop()));
    assert_eq!(gone, Poll::Ready(None));
    assert!(queue.open_probe().is_some_and(|next| next > number), "it may be tried again");
}

#[test]
fn a_client_fetches_the_goodbye() {
    for (reason, last) in [(CloseReason::Draining, "1"), (CloseReason::ClientClosed, "6")] {
        let queue = of(100, 10, Transport::polling());
        send(&queue, text("4a")).unwrap();
        queue.end(reason, [Frame::Close(reason)]);
        queue.end(CloseReason::Internal, [Frame::Close(CloseReason::Internal)]);
        assert!(!queue.is_spent());
        queue.begin_poll().unwrap();
        assert_eq!(packets(&queue), "4a");
        assert!(!queue.is_spent());
        assert_eq!(packets(&queue), last);
        assert!(queue.is_spent());
        assert_eq!(polled(&queue), Poll::Ready(Polled::Gone));
    }
}

#[test]
fn packets_of_a_namespace_wait_for_their_own_answer() {
    let queue = queue(100, 10);
    let other = SocketId::draw(&SeededRandom::new(2));
    hold(&queue, text("42a")).unwrap();
    queue.send([Frame::Text(text("42/b,b"))], || Some(other)).unwrap();
    open(&queue, "40");
    assert_eq!(chunk(&queue), &b"\x81\x0240\x81\x0342a"[..]);
    queue.open(other, text("40/b,"), || {});
    assert_eq!(chunk(&queue), &b"\x81\x0540/b,\x81\x0642/b,b"[..]);
}

#[test]
fn frames_that_belong_together_are_queued_together_or_not_at_all() {
    let queue = queue(100, 2);
    let three = [text("451-"), text("x"), text("y")].map(Frame::Binary);
    assert_eq!(queue.send(three, || None), Err(SendError::Full));
    assert!(next(&queue).is_pending(), "a full queue is emptied");
    assert_eq!(queue.reason(), Some(CloseReason::SlowReader));
}
