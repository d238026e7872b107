//! `net.inet.tcp.pcblist` and its like: control blocks of sockets, as `struct kinfo_pcb`.

use crate::Result;
use crate::view::{chunks, view};

view! {
    /// The control block of a socket.
    pub struct Pcb = "kinfo_pcb" (640) {
        /// Its address in the kernel, scrambled for ordinary users.
        address: u64 = "ki_pcbaddr" @ 0,
        /// Address of its protocol's part; of a UNIX socket the block itself.
        protocol_address: u64 = "ki_ppcbaddr" @ 8,
        /// Address of the socket, which is the `ki_fdata` of its descriptors.
        socket: u64 = "ki_sockaddr" @ 16,
        /// Address family.
        family: u32 = "ki_family" @ 24,
        /// `SOCK_STREAM` and its like.
        kind: u32 = "ki_type" @ 28,
        /// Protocol.
        protocol: u32 = "ki_protocol" @ 32,
        /// Whether it has a peer ([`CONNECTED`]), and other flags.
        socket_state: u32 = "ki_sostate" @ 40,
        /// TCP state, as tcp_fsm.h numbers them.
        state: u32 = "ki_tstate" @ 48,
        /// Bytes received that no process has read yet.
        received: u64 = "ki_rcvq" @ 56,
        /// Bytes that are not sent or not acknowledged.
        unsent: u64 = "ki_sndq" @ 64,
        /// Its own address, a socket address.
        local: [bytes 264] = "ki_s" @ 72,
        /// The peer's address, a socket address.
        peer: [bytes 264] = "ki_d" @ 336,
        /// Address of the control block that a UNIX socket is connected to.
        connected: u64 = "ki_conn" @ 616,
    }
}

/// `SS_ISCONNECTED` of `ki_sostate`.
pub const CONNECTED: u32 = 2;

/// Reads the control blocks in an answer whose elements are `size` bytes long.
pub fn blocks(bytes: &[u8], size: usize) -> impl Iterator<Item = Result<Pcb<'_>>> {
    chunks(bytes, size, Pcb::STRUCT).map(|record| Pcb::new(record?))
}
