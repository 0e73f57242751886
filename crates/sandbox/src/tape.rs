//! What a guest learns of the world in one turn beside its host calls: clock readings, and what only the file system decides (times, identities,
//! sizes of directories, the order of listings). Taken down while it happens, and played back when a run is repeated.
//!
//! Everything else that a guest sees follows from its program, its seed, its replies and these. A tape is bounded: a program that reads the clock
//! without end is not held up, and cannot be repeated.

/// The longest tape, in bytes: some 300,000 clock readings. Guards the broker's memory.
pub(crate) const TAPE_BYTES: usize = 1 << 20;

/// Kinds of numbers; each is written as the difference to the one before of its kind.
pub(crate) const LANES: usize = 9;

/// The tape of one turn.
#[derive(Debug)]
pub(crate) struct Tape {
    mode: Mode,
    bytes: Vec<u8>,
    /// Where playing is.
    at: usize,
    /// It became too long, or what was to be played is not on it.
    spoiled: bool,
    last: [u64; LANES],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Record,
    Play,
}

impl Tape {
    pub(crate) fn record() -> Self {
        Tape { mode: Mode::Record, bytes: Vec::new(), at: 0, spoiled: false, last: [0; LANES] }
    }

    pub(crate) fn play(bytes: Vec<u8>) -> Self {
        Tape { mode: Mode::Play, bytes, at: 0, spoiled: false, last: [0; LANES] }
    }

    /// Whether time is what the tape says, so that nobody has to wait for it.
    pub(crate) fn plays(&self) -> bool {
        self.mode == Mode::Play
    }

    /// The tape of a turn that has ended: all of it; when it was played, what is left of it. `None`: it is not whole.
    pub(crate) fn finish(&mut self) -> Option<Vec<u8>> {
        let tape = std::mem::replace(self, Tape::record());
        let rest = tape.bytes.get(tape.at..).unwrap_or_default().to_vec();
        (!tape.spoiled).then_some(rest)
    }

    /// A number that the world decides.
    pub(crate) fn number(&mut self, lane: usize, real: u64) -> u64 {
        let Some(last) = self.last.get(lane).copied() else { return real };
        let value = match self.mode {
            Mode::Record => {
                let difference = real.wrapping_sub(last).cast_signed();
                self.put(((difference << 1) ^ (difference >> 63)).cast_unsigned());
                real
            }
            Mode::Play => {
                let coded = self.take();
                let difference = (coded >> 1).cast_signed() ^ -((coded & 1).cast_signed());
                last.wrapping_add(difference.cast_unsigned())
            }
        };
        if let Some(last) = self.last.get_mut(lane) {
            *last = value;
        }
        value
    }

    /// Bytes that the world decides, of which there are at most as many as `real`'s place can hold.
    pub(crate) fn text(&mut self, real: &[u8], most: usize) -> Vec<u8> {
        match self.mode {
            Mode::Record => {
                self.put(real.len() as u64);
                if self.room(real.len()) {
                    self.bytes.extend(real);
                }
                real.to_vec()
            }
            Mode::Play => {
                let length = usize::try_from(self.take()).unwrap_or(usize::MAX);
                let text = self.at.checked_add(length).and_then(|end| self.bytes.get(self.at..end)).filter(|text| text.len() <= most);
                let Some(text) = text.map(<[u8]>::to_vec) else {
                    self.spoiled = true;
                    return Vec::new();
                };
                self.at += text.len();
                text
            }
        }
    }

    fn room(&mut self, more: usize) -> bool {
        self.spoiled |= self.bytes.len() + more > TAPE_BYTES;
        if self.spoiled {
            self.bytes = Vec::new();
        }
        !self.spoiled
    }

    /// Seven bits a byte, the lowest first; the highest bit says that more come.
    fn put(&mut self, mut value: u64) {
        if !self.room(10) {
            return;
        }
        loop {
            let low = u8::try_from(value & 0x7f).unwrap_or(0);
            value >>= 7;
            if value == 0 {
                self.bytes.push(low);
                return;
            }
            self.bytes.push(low | 0x80);
        }
    }

    fn take(&mut self) -> u64 {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let Some(byte) = self.bytes.get(self.at).copied() else { break };
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return value;
            }
        }
        self.spoiled = true;
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_recorded_is_played() {
        let mut tape = Tape::record();
        let numbers = [(0, 1_700_000_000_000_000_000), (1, 5), (0, 1_700_000_000_000_000_007), (1, 3), (2, u64::MAX), (2, 0)];
        for (lane, number) in numbers {
            assert_eq!(tape.number(lane, number), number);
        }
        assert_eq!(tape.text(b"abc", 3), b"abc");
        let bytes = tape.finish().unwrap();
        let mut tape = Tape::play(bytes.clone());
        for (lane, number) in numbers {
            assert_eq!(tape.number(lane, 42), number);
        }
        assert_eq!(tape.text(b"", 3), b"abc");
        assert_eq!(tape.finish(), Some(vec![]));
        // More than there was, and less.
        let mut tape = Tape::play(bytes.clone());
        for (lane, _) in numbers {
            tape.number(lane, 42);
        }
        assert_eq!(tape.text(b"", 2), b"");
        assert_eq!(tape.finish(), None);
        let mut tape = Tape::play(bytes.clone());
        tape.number(0, 42);
        assert!(tape.finish().unwrap().len() < bytes.len());
        let mut tape = Tape::play(Vec::new());
        tape.number(0, 42);
        assert_eq!(tape.finish(), None);
    }

    #[test]
    fn a_tape_is_bounded() {
        let mut tape = Tape::record();
        for n in 0..2_000_000 {
            tape.number(0, n);
        }
        assert_eq!(tape.finish(), None);
        let mut tape = Tape::record();
        tape.text(&vec![0; TAPE_BYTES + 1], usize::MAX);
        assert_eq!(tape.finish(), None);
    }
}
