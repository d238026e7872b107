//! Questions to the kernel by netlink(7).

use std::io;
use std::os::fd::OwnedFd;

use psoxide_parse::linux::netlink::{self, Message};
use rustix::buffer::spare_capacity;
use rustix::io::retry_on_intr;
use rustix::net::{AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType};

use crate::{Error, Result};

const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_DUMP: u16 = 0x300;
/// Larger than the kernel fills for one read of a dump.
const BUFFER: usize = 64 * 1024;

/// A socket of one of netlink's protocols.
pub(crate) struct Netlink {
    socket: OwnedFd,
    buffer: Vec<u8>,
}

impl Netlink {
    /// `None` is NETLINK_ROUTE, the protocol of number 0.
    pub(crate) fn open(protocol: Option<Protocol>) -> Result<Self> {
        let socket = rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, protocol)
            .map_err(Error::io)?;
        Ok(Self { socket, buffer: Vec::with_capacity(BUFFER) })
    }

    /// Asks for all of something: each message's payload.
    pub(crate) fn dump(
        &mut self,
        kind: u16,
        question: &[u8],
        each: impl FnMut(u16, &[u8]) -> psoxide_parse::Result<()>,
    ) -> Result<()> {
        self.exchange(kind, NLM_F_DUMP, question, each)
    }

    /// Asks for one thing: the message's payload.
    pub(crate) fn get<T>(
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
        retry_on_intr(|| rustix::net::send(&self.socket, &request, SendFlags::empty())).map_err(Error::io)?;
        loop {
            self.buffer.clear();
            let (socket, buffer) = (&self.socket, &mut self.buffer);
            retry_on_intr(|| rustix::net::recv(socket, spare_capacity(buffer), RecvFlags::empty()))
                .map_err(Error::io)?;
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
                        return Err(Error::io(io::Error::from_raw_os_error(errno.saturating_neg())));
                    }
                }
            }
        }
    }
}

/// A `struct nlmsghdr` and what it is about.
fn request(kind: u16, flags: u16, question: &[u8]) -> Vec<u8> {
    const HEADER: usize = 16;
    const SEQUENCE: u32 = 1;
    let length = HEADER + question.len();
    let mut request = Vec::with_capacity(length);
    request.extend(u32::try_from(length).unwrap_or(u32::MAX).to_ne_bytes());
    request.extend(kind.to_ne_bytes());
    request.extend((NLM_F_REQUEST | flags).to_ne_bytes());
    request.extend(SEQUENCE.to_ne_bytes());
    request.extend([0; 4]); // the kernel's port
    request.extend(question);
    request
}
