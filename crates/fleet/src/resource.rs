//! What identifies the machine and this service, in the attributes of OpenTelemetry.

use psoxide::{Os, System};
use ring::digest;

use crate::metric::Label;
use crate::names::otel::machine::machine_id;

/// The attributes of the resource.
pub(crate) fn of(system: &System) -> Vec<Label> {
    let mut all: Vec<Label> = Vec::new();
    let mut add = |name: &'static str, value: String| all.push((name.into(), value));
    let host = system.host_info().ok();
    if let Some(host) = &host {
        add("host.name", host.hostname.clone());
    }
    let id = machine_id(system);
    if let Some(id) = &id {
        add("host.id", id.clone());
    }
    if let Some(machine) = host.as_ref().and_then(|host| host.machine.as_deref()) {
        add("host.arch", architecture(machine).to_owned());
    }
    add("os.type", os_type(system.os()).to_owned());
    if let Some(host) = &host {
        add("os.version", host.release.clone());
    }
    add("service.name", "psoxide".to_owned());
    add("service.version", env!("CARGO_PKG_VERSION").to_owned());
    let stable = id.or_else(|| host.map(|host| host.hostname)).unwrap_or_default();
    add("service.instance.id", instance_id(&stable));
    all
}

/// The conventions' names of architectures.
fn architecture(machine: &str) -> &str {
    match machine {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "i386" | "i486" | "i586" | "i686" => "x86",
        "ppc64le" => "ppc64",
        other => other,
    }
}

fn os_type(os: Os) -> &'static str {
    match os {
        Os::Linux => "linux",
        Os::Windows => "windows",
        Os::Macos => "darwin",
        Os::Freebsd => "freebsd",
        Os::Netbsd => "netbsd",
        Os::Openbsd => "openbsd",
        Os::Sunos => "solaris",
    }
}

/// A UUID of version 5 from the machine's id, as the conventions recommend: the same after every start.
fn instance_id(machine: &str) -> String {
    const NAMESPACE: [u8; 16] =
        [0x4d, 0x63, 0x00, 0x9a, 0x8d, 0x0f, 0x11, 0xee, 0xaa, 0xd7, 0x4c, 0x79, 0x6e, 0xd8, 0xe3, 0x20];
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &[&NAMESPACE, machine.as_bytes()].concat());
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash.as_ref()).for_each(|(to, from)| *to = *from);
    let [.., a, _, b, _, _, _, _, _, _, _] = &mut bytes;
    *a = (*a & 0x0f) | 0x50;
    *b = (*b & 0x3f) | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut parts = hex.as_str();
    let mut uuid = String::with_capacity(36);
    for length in [8, 4, 4, 4, 12] {
        let Some((part, rest)) = parts.split_at_checked(length) else { break };
        uuid.push_str(if uuid.is_empty() { "" } else { "-" });
        uuid.push_str(part);
        parts = rest;
    }
    uuid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_keeps_its_id() {
        // Python: uuid.uuid5(uuid.UUID("4d63009a-8d0f-11ee-aad7-4c796ed8e320"), "0123456789abcdef0123456789abcdef")
        let id = instance_id("0123456789abcdef0123456789abcdef");
        assert_eq!(id, "2f1423a8-dc20-5c0e-839d-70474f2dc393");
    }
}
