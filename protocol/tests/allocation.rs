//! How much memory a stranger's bytes can make this crate take: nothing for a frame, a bounded multiple of its size
//! for a message.

use otc_protocol::envelope::{FromClient, FromServer};
use otc_protocol::limits::{CLIENT_FRAME_BYTES, FRAME_HEADERS};
use otc_protocol::raptor::{Body, Message};
use otc_protocol::rumor::{Frame, Kind, encode};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

/// Counts what each thread allocates. The one piece of `unsafe` outside `src/ffi`: only a global allocator sees every
/// allocation, and this one exists in this test alone.
struct Counting;

// SAFETY: every call goes to the system's allocator with the arguments unchanged; the counters are thread-local cells
// that are initialised at compile time and have no destructor, so that counting never allocates.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.get().wrapping_add(layout.size());
        CALLS.set(CALLS.get() + 1);
        LIVE.set(live);
        PEAK.set(PEAK.get().max(live));
        // SAFETY: the caller keeps the contract of `alloc`, which is the system's own.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get().wrapping_sub(layout.size()));
        // SAFETY: the pointer came from `System` with this layout, by way of `alloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `work` made, the allocations that it made, and the most bytes that it held at one time.
fn measured<T>(work: impl FnOnce() -> T) -> (T, usize, usize) {
    LIVE.set(0);
    PEAK.set(0);
    CALLS.set(0);
    let made = work();
    (made, CALLS.get(), PEAK.get())
}

#[test]
fn a_frame_is_read_without_an_allocation() {
    let longest = "x".repeat(65_535);
    let many = vec![("TRANSACTION-ID", "t"); FRAME_HEADERS];
    let frames = [
        encode(Kind::Message, &["to"; 255], &many, b"{}"),
        encode(Kind::Connect, &[longest.as_str(); 255], &[("uniqueId", &longest)], b""),
        encode(Kind::Status, &[], &many, &vec![b'['; CLIENT_FRAME_BYTES]),
    ];
    for bytes in frames {
        let bytes = bytes.expect("fits");
        let (read, calls, _) = measured(|| {
            let frame = Frame::decode(&bytes).expect("a frame");
            let client = FromClient::read(&frame).is_ok();
            let server = FromServer::read(&frame) != FromServer::Other;
            (client, server, frame.addresses().count() + frame.headers().count(), frame.header("none"))
        });
        assert!(read.0 && read.2 > 0 && read.3.is_none());
        assert_eq!(calls, 0);
    }
    for hostile in [
        &b"\xff\xff\xff\xff\0\0\x02\xff"[..],
        b"\0\0\0\x07\0\0\x02\xff\xff\xff\xff",
        b"\0\0\0\x05\0\0\x02\0\xff",
    ] {
        let (read, calls, _) = measured(|| Frame::decode(hostile).is_err());
        assert!(read);
        assert_eq!(calls, 0);
    }
}

#[test]
fn the_counter_counts() {
    let (kept, calls, peak) = measured(|| {
        drop(vec![0u8; 1000]);
        vec![0u8; 100]
    });
    assert_eq!((kept.len(), calls, peak), (100, 2, 1000));
}

/// Reading a message of `n` bytes holds at most this many times `n` at one time.
///
/// The worst are the smallest objects inside each other: five bytes of JSON become a map with room for eleven members,
/// held twice while a content with members of its own is sorted out. At [`CLIENT_FRAME_BYTES`] that is 25 MiB, for as
/// long as the message is read.
const MOST: usize = 200;

/// `unit` as often as it fits between `head` and `tail`.
fn repeated(method: &str, place: &str, head: &str, unit: &str, tail: &str) -> Vec<u8> {
    let mut text =
        format!(r#"{{"method":"{method}","uri":"/v2/partner/1/session/S{place}","content":{head}"#);
    let room = CLIENT_FRAME_BYTES - text.len() - tail.len() - 1;
    let units = vec![unit; room / (unit.len() + 1)];
    text.push_str(&units.join(","));
    text.push_str(tail);
    text.push('}');
    text.into_bytes()
}

#[test]
fn a_message_takes_a_bounded_multiple_of_its_size() {
    let stream = "/stream/s";
    let nested = format!("{}{}{}", r#"{"":"#.repeat(100), "0", "}".repeat(100));
    let nested_arrays = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let table = [
        ("numbers", repeated("data", "/stream/s/channel/c/data/d", r#"{"x":["#, "0", "]}")),
        ("maps", repeated("data", "/stream/s/channel/c/data/d", r#"{"x":["#, r#"{"a":0}"#, "]}")),
        ("empty maps", repeated("data", "/stream/s/channel/c/data/d", r#"{"x":["#, "{}", "]}")),
        ("arrays", repeated("data", "/stream/s/channel/c/data/d", r#"{"x":["#, "[0]", "]}")),
        ("members", repeated("data", "/stream/s/channel/c/data/d", r#"{"x":{"#, r#""a":0"#, "}}")),
        ("channels", repeated("create", stream, r#"{"channel":["#, r#"{"id":""}"#, "]}")),
        ("odd channels", repeated("create", stream, r#"{"channel":["#, r#"{"id":"","a":0}"#, "]}")),
        ("created maps", repeated("created", stream, r#"{"x":["#, r#"{"a":0}"#, "]}")),
        ("texts", repeated("create", "/connection/c", r#"{"capabilities":["#, r#""""#, "]}")),
        ("extra maps", repeated("create", "/connection/c", r#"{"x":["#, r#"{"a":0}"#, "]}")),
        ("ignored", repeated("created", "/connection/c", r#"{"x":["#, r#"{"a":0}"#, "]}")),
        ("exclusion", repeated("update", "", r#"{"reason":"mute","exclusion":["#, r#""""#, "]}")),
        ("mute maps", repeated("update", "", r#"{"reason":"mute","x":["#, r#"{"a":0}"#, "]}")),
        ("not a mute", repeated("update", stream, r#"{"x":["#, r#"{"a":0}"#, "]}")),
        ("nested maps", repeated("create", "/connection/c", r#"{"x":["#, &nested, "]}")),
        ("nested in data", repeated("data", "/stream/s/channel/c/data/d", r#"{"x":["#, &nested, "]}")),
        ("nested in stream", repeated("create", stream, r#"{"x":["#, &nested, "]}")),
        ("nested in channel", repeated("create", stream, r#"{"channel":[{"id":"","x":["#, &nested, "]}]}")),
        ("nested arrays", repeated("create", "/connection/c", r#"{"x":["#, &nested_arrays, "]}")),
        ("steps", repeated("offer", stream, r#"{"x":["#, r#"{"a":0}"#, "]}")),
        (
            "subscriber",
            repeated("create", "/stream/s/subscriber/u", r#"{"channel":["#, r#"{"id":"","a":0}"#, "]}"),
        ),
        ("archive", repeated("created", "/archive/a", r#"{"x":["#, r#"{"a":0}"#, "]}")),
        ("notification", repeated("notification", "/notification", r#"{"x":["#, r#"{"a":0}"#, "]}")),
        ("signal", repeated("signal", "/signal/s", r#"{"data":["#, r#"{"a":0}"#, "]}")),
        ("deep signal", repeated("signal", "/signal/s", r#"{"data":["#, "[[[[[[[[]]]]]]]]", "]}")),
        ("unknown", repeated("dance", "/floor", "[", r#"{"a":0}"#, "]")),
        ("wrong", repeated("created", "/stream/s", r#"{"name":{"x":["#, r#"{"a":0}"#, "]}}")),
        ("wrong channels", repeated("create", stream, r#"{"channel":["#, r#"{"a":0}"#, "]}")),
        ("deep", format!("{}{}", r#"{"a":"#.repeat(20_000), "}".repeat(20_000)).into_bytes()),
        ("no end", vec![b'['; CLIENT_FRAME_BYTES]),
    ];
    for (name, bytes) in table {
        assert!(bytes.len() <= CLIENT_FRAME_BYTES, "{name}: {}", bytes.len());
        let (read, _, peak) = measured(|| Message::decode(&bytes));
        let hostile = matches!(name, "wrong" | "wrong channels" | "deep" | "no end");
        assert_eq!(read.is_err(), hostile, "{name}");
        assert!(peak <= MOST * bytes.len(), "{name}: {peak} bytes for {}", bytes.len());
    }
}

/// What is only passed on is copied once and not taken apart.
#[test]
fn a_relayed_content_is_held_once() {
    let data = repeated("signal", "/signal/s", r#"{"data":["#, r#"{"a":0}"#, "]}");
    let (read, _, peak) = measured(|| Message::decode(&data).expect("a signal"));
    assert!(matches!(read.body, Body::Signal { .. }));
    assert!(peak <= 2 * data.len(), "{peak} bytes for {}", data.len());
}
