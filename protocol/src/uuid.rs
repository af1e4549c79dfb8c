//! UUIDs: connections, sockets, streams and transactions are named by them (`wire.md §1`).

/// The text of a version 4 UUID made of `random` bytes.
pub fn from_random(mut random: [u8; 16]) -> String {
    random[6] = (random[6] & 0x0f) | 0x40;
    random[8] = (random[8] & 0x3f) | 0x80;
    format(u128::from_be_bytes(random))
}

/// The text of the 128 bits `value`, grouped 8-4-4-4-12.
pub fn format(value: u128) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let mut text = String::with_capacity(36);
    for (index, byte) in value.to_be_bytes().into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 15)]);
    }
    text
}

/// The 128 bits of a UUID's text; `None` when it is not 8-4-4-4-12 hexadecimal digits.
pub fn parse(text: &str) -> Option<u128> {
    let bytes = text.as_bytes();
    if bytes.len() != 36 {
        return None;
    }
    let mut value = 0u128;
    for (index, &byte) in bytes.iter().enumerate() {
        if matches!(index, 8 | 13 | 18 | 23) {
            if byte != b'-' {
                return None;
            }
            continue;
        }
        let digit = char::from(byte).to_digit(16)?;
        value = value << 4 | u128::from(digit);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn version_and_variant_are_marked() {
        let text = from_random([0xff; 16]);
        assert_eq!(text, "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }

    #[test]
    fn only_the_canonical_form_is_read() {
        for bad in ["", "x", "ffffffff-ffff-4fff-bfff-fffffffffff", "ffffffff+ffff-4fff-bfff-ffffffffffff"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn parse_reads_what_format_writes(value: u128) {
            prop_assert_eq!(parse(&format(value)), Some(value));
        }

        #[test]
        fn parse_never_panics(text in ".{0,40}") {
            let _ = parse(&text);
        }
    }
}
