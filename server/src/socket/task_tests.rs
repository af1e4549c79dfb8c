//! The task against an in-memory peer, polled by hand.

use super::*;
use crate::sessions::{Admission, Delivery, Refusal, Registry, Settings};
use futures_util::{SinkExt, StreamExt};
use otc_protocol::limits::{SOCKET_BATCH_FRAMES, SOCKET_QUEUE_FRAMES};
use otc_protocol::permissions::Role;
use otc_protocol::raptor::SessionAddress;
use otc_protocol::{Moment, envelope};
use std::task::Waker;
use tokio::io::{DuplexStream, duplex};
use tokio_tungstenite::tungstenite::protocol::Role as Side;

type Peer = WebSocketStream<DuplexStream>;
type Server = Task<DuplexStream, fn() -> Time>;

fn registry() -> Arc<Registry<Queue>> {
    let gate = |_: &str, _: &SessionAddress, _: u64| -> Result<Admission, Refusal> {
        Ok(Admission { permissions: Role::Publisher.permissions(false), ..Admission::default() })
    };
    Registry::new(Settings::default(), gate, (), || 7)
}

fn start_of_time() -> Time {
    Time { now: Moment::ZERO, unix_ms: 0 }
}

/// A socket of this registry and its peer, with so many bytes between them.
async fn socket(registry: &Arc<Registry<Queue>>, name: &str, buffer: usize) -> (Server, Peer) {
    let (near, far) = duplex(buffer);
    let stream =
        WebSocketStream::from_raw_socket(Wire::new(near), Side::Server, Some(super::super::bounds())).await;
    let queue = Arc::new(Queue::default());
    let seat = registry.open(Moment::ZERO, name, false, Arc::clone(&queue));
    let task = Task::new(stream, queue, seat, start_of_time as fn() -> Time, Arc::default());
    (task, WebSocketStream::from_raw_socket(far, Side::Client, None).await)
}

fn poll(task: &mut Server) -> Poll<End> {
    task.poll(&mut Context::from_waker(Waker::noop()))
}

async fn send(peer: &mut Peer, frame: Bytes) {
    peer.feed(Message::Binary(frame)).await.expect("the buffer has room");
    peer.flush().await.expect("the buffer has room");
}

fn request(name: &str, transaction: &str, data: &str) -> Bytes {
    let request = envelope::Request { transaction, from: name, token: Some("any"), data: data.as_bytes() };
    envelope::request("symphony", &request).expect("fits")
}

async fn join(task: &mut Server, peer: &mut Peer, name: &str) {
    let data =
        format!(r#"{{"method":"create","uri":"/v2/partner/1/session/S/connection/{name}","content":{{}}}}"#);
    send(peer, request(name, "join", &data)).await;
    assert_eq!(poll(task), Poll::Pending);
    for _ in 0..2 {
        peer.next().await.expect("an answer and its own created").expect("a frame");
    }
}

const SIGNAL: &str =
    r#"{"method":"signal","uri":"/v2/partner/1/session/S/signal/x","content":{"data":"hello"}}"#;

#[tokio::test]
async fn what_waits_for_one_socket_leaves_in_one_write() {
    let registry = registry();
    let (mut a, mut a_peer) = socket(&registry, "a", 1 << 20).await;
    let (mut b, mut b_peer) = socket(&registry, "b", 1 << 20).await;
    join(&mut a, &mut a_peer, "a").await;
    join(&mut b, &mut b_peer, "b").await;
    assert_eq!(poll(&mut a), Poll::Pending);
    let before = (a.stream.get_ref().writes(), b.stream.get_ref().writes());
    for index in 0..20 {
        a_peer.feed(Message::Binary(request("a", &format!("t{index}"), SIGNAL))).await.expect("room");
    }
    a_peer.flush().await.expect("room");
    assert_eq!(poll(&mut a), Poll::Pending);
    assert_eq!(poll(&mut b), Poll::Pending);
    let after = (a.stream.get_ref().writes(), b.stream.get_ref().writes());
    assert_eq!((after.0 - before.0, after.1 - before.1), (1, 1), "20 answers and 20 signals; 20 signals");
    for _ in 0..20 {
        b_peer.next().await.expect("a signal").expect("a frame");
    }
}

#[tokio::test]
async fn a_peer_that_does_not_take_its_answers_is_not_read_from_and_goes_on_when_it_does() {
    let registry = registry();
    let (mut a, mut a_peer) = socket(&registry, "a", 4096).await;
    join(&mut a, &mut a_peer, "a").await;
    let frame = request("a", "t", r#"{"method":"fly"}"#);
    let mut sent = 0;
    // The peer only writes, for as long as its bytes are taken.
    let stalled = loop {
        let turns = 64;
        let mut progress = false;
        for _ in 0..turns {
            let mut cx = Context::from_waker(Waker::noop());
            if let Poll::Ready(Ok(())) = Pin::new(&mut a_peer).poll_ready(&mut cx) {
                Pin::new(&mut a_peer).start_send(Message::Binary(frame.clone())).expect("queued");
                sent += 1;
                progress = true;
            }
            let _ = Pin::new(&mut a_peer).poll_flush(&mut cx);
            assert_eq!(poll(&mut a), Poll::Pending);
        }
        tokio::task::yield_now().await; // What one poll of a task may do is bounded.
        if !progress {
            break true;
        }
        if sent > 100 * SOCKET_QUEUE_FRAMES {
            break false;
        }
    };
    assert!(stalled && a.queue.is_full(), "{sent} requests were read");
    assert!(a.arrived.len() <= SOCKET_BATCH_FRAMES);
    // The client's library gathers frames too, so not all that it was given has left it.
    let mut answers = 0;
    while answers < sent {
        tokio::task::yield_now().await;
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(poll(&mut a), Poll::Pending);
        let _ = Pin::new(&mut a_peer).poll_flush(&mut cx);
        while let Poll::Ready(Some(Ok(_))) = Pin::new(&mut a_peer).poll_next(&mut cx) {
            answers += 1;
        }
    }
    assert_eq!(answers, sent, "every request was answered in the end");
}

#[tokio::test]
async fn a_blocked_peer_delays_nobody() {
    let registry = registry();
    let (mut slow, mut slow_peer) = socket(&registry, "s", 2048).await;
    let (mut a, mut a_peer) = socket(&registry, "a", 1 << 20).await;
    join(&mut slow, &mut slow_peer, "s").await;
    join(&mut a, &mut a_peer, "a").await;
    for index in 0..200 {
        send(&mut a_peer, request("a", &format!("t{index}"), SIGNAL)).await;
        assert_eq!(poll(&mut a), Poll::Pending);
        assert_eq!(poll(&mut slow), Poll::Pending);
        for _ in 0..2 {
            a_peer.next().await.expect("answer and signal").expect("a frame");
        }
    }
    for index in 0..201 {
        while {
            let mut cx = Context::from_waker(Waker::noop());
            Pin::new(&mut slow_peer)
                .poll_next(&mut cx)
                .map(|frame| frame.expect("a frame").expect("a frame"))
                .is_pending()
        } {
            assert_eq!(poll(&mut slow), Poll::Pending, "created of a, and signal {index}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_close_is_left() {
    let registry = registry();
    let (mut a, _peer) = socket(&registry, "a", 4096).await;
    a.queue.deliver(Delivery::Close(CloseCode::Silent));
    let end = poll_fn(|cx| a.poll(cx)).await;
    assert_eq!(end, End::Late);
}

#[tokio::test(start_paused = true)]
async fn a_blocked_peer_is_left_too() {
    let registry = registry();
    let (mut a, _peer) = socket(&registry, "a", 64).await;
    (0..100).for_each(|_| drop(a.queue.deliver(Delivery::Message(SIGNAL.into()))));
    assert_eq!(poll(&mut a), Poll::Pending);
    a.queue.deliver(Delivery::Close(CloseCode::Silent));
    assert_eq!(poll_fn(|cx| a.poll(cx)).await, End::Late);
}

#[tokio::test]
async fn the_end_comes_after_what_waits() {
    let registry = registry();
    let (mut a, mut peer) = socket(&registry, "a", 4096).await;
    a.queue.deliver(Delivery::Message(Bytes::from_static(b"last words")));
    a.queue.deliver(Delivery::Close(CloseCode::Ended));
    assert_eq!(poll(&mut a), Poll::Pending);
    let heard = peer.next().await.expect("a message").expect("a frame");
    assert_eq!(heard, Message::Binary(Bytes::from_static(b"last words")));
    let Some(Ok(Message::Close(Some(frame)))) = peer.next().await else { panic!("the end") };
    assert_eq!(u16::from(frame.code), 1011);
    peer.flush().await.expect("its library has answered by itself");
    assert_eq!(poll_fn(|cx| a.poll(cx)).await, End::Closed);
}

#[tokio::test]
async fn the_last_words_of_a_peer_count() {
    let registry = registry();
    let (mut a, mut peer) = socket(&registry, "a", 1 << 20).await;
    join(&mut a, &mut peer, "a").await;
    send(&mut peer, envelope::leave()).await;
    drop(peer);
    assert_eq!(poll(&mut a), Poll::Ready(End::Broken));
    assert_eq!(registry.sockets(), 0, "it has left, and is not waited for");
}

#[tokio::test]
async fn a_broken_connection_is_noticed() {
    let registry = registry();
    let (mut a, peer) = socket(&registry, "a", 4096).await;
    drop(peer);
    assert_eq!(poll(&mut a), Poll::Ready(End::Broken));
}

#[tokio::test]
async fn a_large_frame_leaves_in_pieces_and_arrives_as_one() {
    let registry = registry();
    let (task, mut peer) = socket(&registry, "a", 4096).await;
    assert!(super::super::bounds().max_write_buffer_size <= 64 * 1024, "the buffer does not shrink again");
    let piece = SOCKET_FRAGMENT_BYTES;
    let lengths = [1, 3_000_000, piece, 0, piece + 1, 2 * piece, 5];
    let frame = |length: usize| (0..=250u8).cycle().take(length).collect::<Bytes>();
    for length in lengths {
        task.queue.deliver(Delivery::Message(frame(length)));
    }
    let queue = Arc::clone(&task.queue);
    let running = tokio::spawn(task.run());
    for length in lengths {
        let message = peer.next().await.expect("a message").expect("a message");
        assert!(message == Message::Binary(frame(length)), "{length} bytes");
    }
    queue.deliver(Delivery::Close(CloseCode::Done)).expect("the task rests").wake();
    assert!(matches!(peer.next().await, Some(Ok(Message::Close(_)))));
    while peer.next().await.is_some() {}
    assert_eq!(running.await.expect("no panic").0, End::Closed);
}

#[tokio::test]
async fn pongs_that_nobody_takes_do_not_break_the_socket() {
    let registry = registry();
    let (mut task, mut peer) = socket(&registry, "a", 4096).await;
    for _ in 0..2000 {
        // The server reads pings, and gathers pongs that do not fit the pipe.
        peer.feed(Message::Ping(Bytes::from_static(&[0; 100]))).await.expect("room");
        peer.flush().await.expect("room");
        assert_eq!(poll(&mut task), Poll::Pending);
    }
    let large = Bytes::from(vec![7; 100_000]);
    task.queue.deliver(Delivery::Message(large.clone()));
    assert_eq!(poll(&mut task), Poll::Pending);
    let running = tokio::spawn(task.run());
    loop {
        match peer.next().await.expect("a message").expect("a message") {
            Message::Pong(_) => {}
            message => break assert!(message == Message::Binary(large), "one message"),
        }
    }
    drop(peer);
    assert_eq!(running.await.expect("no panic").0, End::Broken);
}

/// A stream during whose flushing, at some time, the room decides the end of the socket.
struct EndsMeanwhile {
    stream: DuplexStream,
    queue: Arc<Queue>,
    flushes: usize,
}

impl AsyncRead for EndsMeanwhile {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for EndsMeanwhile {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        if self.flushes == 0
            && let Some(waker) = self.queue.deliver(Delivery::Close(CloseCode::Restarting))
        {
            waker.wake();
        }
        self.flushes = self.flushes.wrapping_sub(1);
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[derive(Default)]
struct Woken(std::sync::atomic::AtomicBool);

impl std::task::Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

/// Whatever the task is doing when the end is decided, it says so before it rests.
#[tokio::test]
async fn an_end_that_is_decided_during_a_turn_is_said_at_once() {
    let mut ended = 0;
    for flushes in 0..4 {
        let registry = registry();
        let (near, far) = duplex(1 << 20);
        let queue = Arc::new(Queue::default());
        let stream = EndsMeanwhile { stream: near, queue: Arc::clone(&queue), flushes };
        let bounds = Some(super::super::bounds());
        let stream = WebSocketStream::from_raw_socket(Wire::new(stream), Side::Server, bounds).await;
        let seat = registry.open(Moment::ZERO, "a", false, Arc::clone(&queue));
        let mut task =
            Task::new(stream, Arc::clone(&queue), seat, start_of_time as fn() -> Time, Arc::default());
        let mut peer = WebSocketStream::from_raw_socket(far, Side::Client, None).await;
        send(&mut peer, envelope::ping()).await;
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        loop {
            woken.0.store(false, std::sync::atomic::Ordering::Relaxed);
            assert_eq!(task.poll(&mut Context::from_waker(&waker)), Poll::Pending);
            if !woken.0.load(std::sync::atomic::Ordering::Relaxed) {
                break;
            }
        }
        if queue.close().is_none() {
            continue; // There was no such flush.
        }
        ended += 1;
        let mut said = false;
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(Ok(message))) = Pin::new(&mut peer).poll_next(&mut cx) {
            said |= matches!(message, Message::Close(Some(frame)) if u16::from(frame.code) == 1012);
        }
        assert!(said, "decided at flush {flushes}");
    }
    assert!(ended > 0, "there is a flush in which the end can come");
}
