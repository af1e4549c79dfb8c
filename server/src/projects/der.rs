//! The little of DER that public keys need (X.690, RFC 8017 §A.1).

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const NULL: u8 = 0x05;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// The object identifier 1.2.840.113549.1.1.1: an RSA key.
const RSA_ENCRYPTION: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// What a `SubjectPublicKeyInfo` holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum KeyInfo<'a> {
    /// An RSA key: the DER of its `RSAPublicKey`.
    Rsa(&'a [u8]),
    /// A key of another kind.
    Other,
}

/// Reads a `SubjectPublicKeyInfo`.
pub(super) fn key_info(der: &[u8]) -> Option<KeyInfo<'_>> {
    let mut outer = Reader(der).only(SEQUENCE)?;
    let mut algorithm = Reader(outer.take(SEQUENCE)?);
    let rsa = algorithm.take(OBJECT_IDENTIFIER)? == RSA_ENCRYPTION;
    let (unused_bits, key) = outer.take(BIT_STRING)?.split_first()?;
    let whole = outer.0.is_empty() && *unused_bits == 0;
    if !rsa {
        return whole.then_some(KeyInfo::Other);
    }
    let plain = algorithm.take(NULL) == Some(&[]) && algorithm.0.is_empty();
    (whole && plain).then_some(KeyInfo::Rsa(key))
}

/// Modulus and exponent of an `RSAPublicKey`, big-endian and without leading zeros.
pub(super) fn rsa_public_key(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut key = Reader(der).only(SEQUENCE)?;
    let (modulus, exponent) = (key.positive()?, key.positive()?);
    key.0.is_empty().then_some((modulus, exponent))
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The content of the next element, which is of that kind.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&found, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            // Up to 65,535 bytes: no key is longer.
            0x81 => rest.split_first().map(|(&length, rest)| (usize::from(length), rest))?,
            0x82 => rest
                .split_first_chunk::<2>()
                .map(|(length, rest)| (usize::from(u16::from_be_bytes(*length)), rest))?,
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        (found == tag).then_some(content)
    }

    /// The inside of the only element that there is.
    fn only(mut self, tag: u8) -> Option<Reader<'a>> {
        let content = self.take(tag)?;
        self.0.is_empty().then_some(Reader(content))
    }

    /// A number above zero.
    fn positive(&mut self) -> Option<&'a [u8]> {
        let bytes = self.take(INTEGER)?;
        if bytes.first()? & 0x80 != 0 {
            return None;
        }
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        let digits = &bytes[zeros..];
        (!digits.is_empty()).then_some(digits)
    }
}
