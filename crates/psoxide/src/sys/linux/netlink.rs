//! Asks the kernel questions over netlink(7).

use std::io;

use psoxide_parse::linux::netlink::{self, Message};

use super::abi::{self, NetlinkProtocol};
use super::live::{Live, NetlinkSocket};
use crate::{Error, Result};

const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_DUMP: u16 = 0x300;
/// The size of the buffer. The kernel fills less for one read of a dump.
const BUFFER: usize = 64 * 1024;

/// A netlink socket and its buffer.
pub(super) struct Netlink {
    socket: NetlinkSocket,
    buffer: Vec<u8>,
}

impl Netlink {
    pub(super) fn open(kernel: &Live, protocol: NetlinkProtocol) -> Result<Self> {
        Ok(Self { socket: kernel.netlink(protocol)?, buffer: Vec::with_capacity(BUFFER) })
    }

    /// Asks for all records of a kind. Calls `each` with the type and payload of every message.
    pub(super) fn dump(
        &mut self,
        kind: u16,
        question: &[u8],
        each: impl FnMut(u16, &[u8]) -> psoxide_parse::Result<()>,
    ) -> Result<()> {
        self.exchange(kind, NLM_F_DUMP, question, each)
    }

    /// Asks for one record and parses its payload.
    pub(super) fn get<T>(
        &mut self,
        kind: u16,
        question: &[u8],
        parse: impl Fn(&[u8]) -> psoxide_parse::Result<T>,
    ) -> Result<Option<T>> {
        let mut found = None;
        self.exchange(kind, 0, question, |_, payload| {
            found = Some(parse(payload)?);
            Ok(())
        })?;
        Ok(found)
    }

    fn exchange(
        &mut self,
        kind: u16,
        flags: u16,
        question: &[u8],
        mut each: impl FnMut(u16, &[u8]) -> psoxide_parse::Result<()>,
    ) -> Result<()> {
        let request = request(kind, flags, question);
        self.socket.send(&request)?;
        loop {
            self.buffer.clear();
            self.socket.receive(&mut self.buffer)?;
            if self.buffer.is_empty() {
                return Err(Error::io(io::ErrorKind::UnexpectedEof));
            }
            for message in netlink::messages(&self.buffer) {
                match message? {
                    Message::Data(kind, payload) => {
                        each(kind, payload)?;
                        if flags & NLM_F_DUMP == 0 {
                            return Ok(());
                        }
                    }
                    Message::Done => return Ok(()),
                    Message::Error(0) => {}
                    Message::Error(errno) => {
                        return Err(abi::error(errno.saturating_neg()));
                    }
                }
            }
        }
    }
}

/// Makes a message: a `struct nlmsghdr` and the question.
fn request(kind: u16, flags: u16, question: &[u8]) -> Vec<u8> {
    const HEADER: usize = 16;
    const SEQUENCE: u32 = 1;
    let length = HEADER + question.len();
    let mut request = Vec::with_capacity(length);
    request.extend(u32::try_from(length).unwrap_or(u32::MAX).to_ne_bytes());
    request.extend(kind.to_ne_bytes());
    request.extend((NLM_F_REQUEST | flags).to_ne_bytes());
    request.extend(SEQUENCE.to_ne_bytes());
    request.extend([0; 4]); // the kernel's port number
    request.extend(question);
    request
}
