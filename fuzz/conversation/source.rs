//! Bytes as a list of decisions.

/// What decides. Without bytes left every decision is the first one, and [`Self::is_empty`] ends the conversation.
pub(crate) struct Source<'a>(&'a [u8]);

impl<'a> Source<'a> {
    /// `None` when the bytes hold `secret`: the fuzzer reads it out of the comparisons of the rules, and then a peer says
    /// what no peer can know.
    pub(crate) fn without(secret: &str, bytes: &'a [u8]) -> Option<Self> {
        (!bytes.windows(secret.len()).any(|window| window == secret.as_bytes())).then_some(Self(bytes))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end.max(1)
    }

    pub(crate) fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == chances - 1
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Some of the bytes themselves.
    pub(crate) fn raw(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte()).min(self.0.len());
        let (raw, rest) = self.0.split_at(length);
        self.0 = rest;
        raw
    }

    /// Some of the bytes as text.
    pub(crate) fn text(&mut self) -> String {
        String::from_utf8_lossy(self.raw()).into_owned()
    }

    /// Changes, repeats, drops or inserts a few bytes.
    pub(crate) fn mutate(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            if bytes.is_empty() {
                return;
            }
            let place = (self.below(256) << 8 | self.below(256)) % bytes.len();
            match self.below(6) {
                0 => bytes[place] ^= 1 << self.below(8),
                1 => bytes[place] = self.byte(),
                2 => bytes.truncate(place),
                3 => drop(bytes.drain(place..(place + 1 + self.below(8)).min(bytes.len()))),
                4 => {
                    let again = bytes[place..(place + 1 + self.below(64)).min(bytes.len())].to_vec();
                    bytes.splice(place..place, again);
                }
                _ => {
                    let raw = self.raw().to_vec();
                    bytes.splice(place..place, raw);
                }
            }
        }
    }
}
