//! Frames: how a log holds one header or one sample, so that a torn or damaged one is recognized.
//!
//! | bytes | what |
//! | --- | --- |
//! | 0..4 | `psx` and the version of the frame, 1 |
//! | 4 | kind: 1 header, 2 key sample, 3 difference to the sample before, 4 a request that waits ([`Spool`](crate::Spool)) |
//! | 5..8 | zero |
//! | 8..12 | length of the payload in the file |
//! | 12..16 | length of the payload without compression |
//! | 16..24 | number of the sample |
//! | 24..32 | time of the sample, milliseconds since 1970 |
//! | 32..40 | by how many milliseconds the clock was set since the sample before |
//! | 40..44 | CRC32C of the bytes 0..40 and of the payload |
//! | 44.. | the payload, zstd |
//!
//! Numbers are little-endian.

use std::io;

/// Bytes before the payload.
pub(crate) const HEAD: usize = 44;

const MAGIC: [u8; 4] = *b"psx\x01";

/// More than any payload is: 64 MiB.
const MOST: usize = 64 << 20;

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Header,
    Key,
    Delta,
    Spooled,
}

/// A frame whose checksum is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) kind: Kind,
    pub(crate) sequence: u64,
    pub(crate) time: i64,
    pub(crate) jump: i64,
    raw: usize,
    compressed: &'a [u8],
}

/// Why no frame begins here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The bytes end before the frame does.
    Short,
    /// The bytes are not a frame.
    Damaged,
}

/// Compresses payloads and makes frames of them.
pub(crate) struct Framer(zstd::bulk::Compressor<'static>);

impl Framer {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(zstd::bulk::Compressor::new(3)?))
    }

    pub(crate) fn frame(
        &mut self,
        kind: Kind,
        sequence: u64,
        time: i64,
        jump: i64,
        payload: &[u8],
    ) -> io::Result<Vec<u8>> {
        let too_long = || io::Error::new(io::ErrorKind::InvalidInput, "the sample is too large for a frame");
        let compressed = self.0.compress(payload)?;
        let length =
            |bytes: &[u8]| u32::try_from(bytes.len()).ok().filter(|_| bytes.len() <= MOST).ok_or_else(too_long);
        let mut frame = Vec::with_capacity(HEAD + compressed.len());
        frame.extend(MAGIC);
        frame.extend([kind.code(), 0, 0, 0]);
        frame.extend(length(&compressed)?.to_le_bytes());
        frame.extend(length(payload)?.to_le_bytes());
        frame.extend(sequence.to_le_bytes());
        frame.extend(time.to_le_bytes());
        frame.extend(jump.to_le_bytes());
        let checksum = crc32c::crc32c_append(crc32c::crc32c(&frame), &compressed);
        frame.extend(checksum.to_le_bytes());
        frame.extend(compressed);
        Ok(frame)
    }
}

impl Kind {
    const fn code(self) -> u8 {
        match self {
            Self::Header => 1,
            Self::Key => 2,
            Self::Delta => 3,
            Self::Spooled => 4,
        }
    }

    const fn of(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Header),
            2 => Some(Self::Key),
            3 => Some(Self::Delta),
            4 => Some(Self::Spooled),
            _ => None,
        }
    }
}

impl<'a> Frame<'a> {
    /// Reads the frame at the start of `bytes`. Returns it with its length.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<(Self, usize), Broken> {
        let head = bytes.first_chunk::<HEAD>();
        let magic = bytes.get(..MAGIC.len()).unwrap_or(bytes);
        if !MAGIC.starts_with(magic) {
            return Err(Broken::Damaged);
        }
        let mut rest: &[u8] = head.ok_or(Broken::Short)?;
        let mut word = |length: usize| {
            let (word, after) = rest.split_at_checked(length).unwrap_or_default();
            rest = after;
            let mut number = [0; 8];
            number.iter_mut().zip(word).for_each(|(to, from)| *to = *from);
            u64::from_le_bytes(number)
        };
        let [_, kind, length, raw, sequence, time, jump, checksum] = [4, 4, 4, 4, 8, 8, 8, 4].map(&mut word);
        let kind = u8::try_from(kind).ok().and_then(Kind::of).ok_or(Broken::Damaged)?;
        let small = |length: u64| usize::try_from(length).ok().filter(|length| *length <= MOST).ok_or(Broken::Damaged);
        let (length, raw) = (small(length)?, small(raw)?);
        let end = HEAD + length;
        let compressed = bytes.get(HEAD..end).ok_or(Broken::Short)?;
        let covered = bytes.get(..HEAD - 4).unwrap_or_default();
        if u64::from(crc32c::crc32c_append(crc32c::crc32c(covered), compressed)) != checksum {
            return Err(Broken::Damaged);
        }
        let (time, jump) = (time.cast_signed(), jump.cast_signed());
        Ok((Self { kind, sequence, time, jump, raw, compressed }, end))
    }

    /// The payload. `None` if it is not what a writer makes, though its checksum is right.
    pub(crate) fn payload(&self) -> Option<Vec<u8>> {
        let payload = zstd::bulk::decompress(self.compressed, self.raw).ok()?;
        (payload.len() == self.raw).then_some(payload)
    }

    /// Where the next frame may begin, at or after `from`.
    pub(crate) fn find(bytes: &[u8], from: usize) -> Option<usize> {
        let rest = bytes.get(from..)?;
        let place = rest.windows(MAGIC.len()).position(|window| window == MAGIC);
        place.map(|place| from + place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_or_torn_frame_is_recognized() {
        let frame = Framer::new().unwrap().frame(Kind::Key, 7, -5, 1, b"payload payload payload").unwrap();
        let (read, length) = Frame::read(&frame).unwrap();
        assert_eq!((read.kind, read.sequence, read.time, read.jump, length), (Kind::Key, 7, -5, 1, frame.len()));
        assert_eq!(read.payload().unwrap(), b"payload payload payload");
        for end in 0..frame.len() {
            assert_eq!(Frame::read(&frame[..end]), Err(Broken::Short), "{end}");
        }
        for bit in 0..frame.len() * 8 {
            let mut wrong = frame.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(Frame::read(&wrong).is_err(), "{bit}");
        }
    }
}
