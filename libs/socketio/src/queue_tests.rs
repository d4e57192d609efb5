use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use super::*;

#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn queue(bytes: usize, packets: usize) -> Queue {
    Queue::new(&Config { queue_bytes: bytes, queue_packets: packets, ..Config::default() })
}

fn text(bytes: &'static str) -> Bytes {
    Bytes::from_static(bytes.as_bytes())
}

fn next(queue: &Queue) -> Poll<Option<Bytes>> {
    queue.poll_chunk(&Context::from_waker(Waker::noop()))
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
    queue.send(text("42a")).unwrap();
    queue.send(text("42b")).unwrap();
    assert_eq!(chunk(&queue), &b"\x81\x030{}"[..]);
    assert!(next(&queue).is_pending());
    queue.open(text("40"));
    queue.send(text("42c")).unwrap();
    assert_eq!(chunk(&queue), &b"\x81\x0240\x81\x0342a\x81\x0342b\x81\x0342c"[..]);
}

#[test]
fn a_refused_client_never_gets_what_was_sent_before() {
    let queue = queue(4, 10);
    queue.send(text("42a")).unwrap();
    queue.forget_held();
    queue.open(text("40"));
    assert_eq!(chunk(&queue), &b"\x81\x0240"[..]);
    queue.send(text("42bc")).unwrap();
}

#[test]
fn a_full_queue_closes_and_frees_what_it_held() {
    for queue in [queue(8, 100), queue(1_000, 2)] {
        queue.open(text("40"));
        assert_eq!(chunk(&queue).len(), 4);
        queue.send(text("abcd")).unwrap();
        queue.send(text("efgh")).unwrap();
        assert_eq!(queue.send(text("i")), Err(SendError::Full));
        assert_eq!(queue.send(text("j")), Err(SendError::Closed));
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
    queue.open(text("40"));
    queue.send(text("bye")).unwrap();
    queue.close(CloseReason::SessionRevoked);
    assert_eq!(queue.send(text("late")), Err(SendError::Closed));
    queue.close(CloseReason::Draining);
    assert_eq!(queue.reason(), Some(CloseReason::SessionRevoked), "the first reason counts");
    queue.end(CloseReason::SessionRevoked, [Frame::Text(text("41"))]);
    assert_eq!(chunk(&queue), &b"\x81\x0240\x81\x03bye\x81\x0241"[..]);
    assert_eq!(next(&queue), Poll::Ready(None));
}

#[test]
fn a_burst_is_written_in_few_pieces_and_in_order() {
    let queue = queue(1 << 20, 1_000);
    queue.open(text("40"));
    let packet = Bytes::from(vec![b'x'; 1_000]);
    for _ in 0..100 {
        queue.send(packet.clone()).unwrap();
    }
    let mut pieces = Vec::new();
    while let Poll::Ready(Some(piece)) = next(&queue) {
        assert!(piece.len() < CHUNK_BYTES + 1_100);
        pieces.push(piece);
    }
    assert!(pieces.len() < 10, "{} pieces", pieces.len());
    assert_eq!(pieces.iter().map(Bytes::len).sum::<usize>(), 4 + 100 * 1_004);
    // All of the room is there again.
    queue.send(Bytes::from(vec![b'x'; 1 << 20])).unwrap();
}

#[test]
fn the_writer_is_woken_by_every_packet_it_waits_for() {
    let queue = queue(100, 10);
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let wait = || assert!(queue.poll_chunk(&Context::from_waker(&waker)).is_pending());
    let rung = || bell.0.load(Ordering::SeqCst);
    wait();
    queue.open(text("40"));
    assert_eq!(rung(), 1);
    chunk(&queue);
    wait();
    queue.send(text("a")).unwrap();
    queue.send(text("b")).unwrap();
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
        async move { queue.closing().await }
    });
    tokio::task::yield_now().await;
    queue.abandon();
    let reason = tokio::time::timeout(std::time::Duration::from_secs(5), keeper).await;
    assert_eq!(reason.unwrap().unwrap(), CloseReason::TransportClosed);
    assert_eq!(queue.send(text("x")), Err(SendError::Closed));
}
