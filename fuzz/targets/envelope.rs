//! Bytes of a WebSocket message as what a client, and a server, may have sent: what is understood can be sent again
//! and says the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use otc_protocol::envelope::{self, FromClient, FromServer};
use otc_protocol::rumor::Frame;

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = bytes.to_vec();
    if let (Ok(length), Some(field)) = (u32::try_from(bytes.len().saturating_sub(4)), bytes.first_chunk_mut())
    {
        *field = length.to_be_bytes();
    }
    let Ok(frame) = Frame::decode(&bytes) else { return };
    match FromClient::read(&frame) {
        Ok(read) => client_says_it_again(read),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    server_says_it_again(FromServer::read(&frame));
});

fn client_says_it_again(read: FromClient<'_>) {
    let again = match read {
        FromClient::Connect { connection, transaction: Some(id) } => {
            envelope::connect(connection, id, "symphony.x")
        }
        FromClient::Request(request) => envelope::request("symphony.x", &request),
        FromClient::Acknowledge { transaction } => envelope::acknowledge("c1", transaction, "c2"),
        FromClient::Leave => Ok(envelope::leave()),
        FromClient::Replaced => Ok(envelope::replaced()),
        FromClient::Ping => Ok(envelope::ping()),
        FromClient::Subscribe => envelope::subscribe("/v2/partner/1/session/S"),
        FromClient::Connect { transaction: None, .. } | FromClient::Unsubscribe => return,
    };
    let again = again.expect("it has been a frame");
    let frame = Frame::decode(&again).expect("a frame");
    assert_eq!(FromClient::read(&frame), Ok(read));
}

fn server_says_it_again(read: FromServer<'_>) {
    let again = match read {
        FromServer::Message(delivery) => match (delivery.transaction, delivery.from) {
            (Some(transaction), Some(from)) => envelope::message("c1", transaction, from, delivery.data),
            _ => return,
        },
        FromServer::Status(answer) => {
            assert_eq!(answer.is_success(), answer.code / 100 == 2);
            envelope::status("c1", answer.code, answer.transaction, answer.data)
        }
        FromServer::Pong => Ok(envelope::pong()),
        FromServer::Other => Ok(envelope::ping()),
    };
    let again = again.expect("it has been a frame");
    let frame = Frame::decode(&again).expect("a frame");
    assert_eq!(FromServer::read(&frame), read);
}
