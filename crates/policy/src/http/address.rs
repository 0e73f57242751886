//! Which addresses are of the public internet. Everything else is refused: a name that a program may fetch must not lead to what only this machine
//! and its network can reach, such as a database, a router, or a cloud's metadata service.
//!
//! From the special-purpose registries of IANA (RFC 6890 and its updates). An IPv6 address that carries an IPv4 address is judged by that one.

use crate::Layer;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is refused; `None`: it is a unicast address of the public internet.
#[must_use]
pub fn refused_address(address: IpAddr) -> Option<&'static str> {
    match address {
        _ if Layer::Addresses.is_off() => None,
        IpAddr::V4(address) => refused_v4(address),
        IpAddr::V6(address) => refused_v6(address),
    }
}

fn refused_v4(address: Ipv4Addr) -> Option<&'static str> {
    Some(match address.octets() {
        [0, ..] => "unspecified",
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => "private",
        [100, 64..=127, ..] => "shared (carrier NAT)",
        [127, ..] => "loopback",
        [169, 254, 169, 254] => "a cloud's metadata service",
        [169, 254, ..] => "link-local",
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => "documentation",
        [192, 0, 0, _] | [192, 88, 99, _] | [198, 18..=19, ..] | [240..=255, ..] => "reserved",
        [224..=239, ..] => "multicast",
        _ => return None,
    })
}

fn refused_v6(address: Ipv6Addr) -> Option<&'static str> {
    let segments = address.segments();
    let carried = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        refused_v4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("unspecified"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("loopback"),
        // IPv4-mapped, and the well-known prefix of NAT64.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => carried(high, low),
        // Old forms that carry an IPv4 address (IPv4-compatible, local NAT64, 6to4, Teredo): nothing public is reached by them any more.
        [0, 0, 0, 0, 0, 0, ..] | [0x64, 0xff9b, 1, ..] | [0x2002, ..] | [0x2001, 0, ..] => Some("a tunnel to IPv4"),
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] => Some("a cloud's metadata service"),
        [0xfc00..=0xfdff, ..] => Some("private"),
        [0xfe80..=0xfebf, ..] => Some("link-local"),
        [0xff00..=0xffff, ..] => Some("multicast"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Some("documentation"),
        [0x2001, 0..=0x1ff, ..] => Some("reserved"),
        // ISATAP.
        [0x2000..=0x3fff, _, _, _, 0 | 0x200, 0x5efe, high, low] => carried(high, low),
        [0x2000..=0x3fff, ..] => None,
        _ => Some("reserved"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_reached() {
        for (address, expected) in [
            ("93.184.216.34", None),
            ("8.8.8.8", None),
            ("172.15.255.255", None),
            ("172.32.0.1", None),
            ("100.63.255.255", None),
            ("100.128.0.1", None),
            ("0.0.0.0", Some("unspecified")),
            ("0.1.2.3", Some("unspecified")),
            ("10.0.0.1", Some("private")),
            ("172.16.0.1", Some("private")),
            ("172.31.255.255", Some("private")),
            ("192.168.1.1", Some("private")),
            ("100.64.0.1", Some("shared (carrier NAT)")),
            ("100.127.255.255", Some("shared (carrier NAT)")),
            ("127.0.0.1", Some("loopback")),
            ("127.255.255.254", Some("loopback")),
            ("169.254.169.254", Some("a cloud's metadata service")),
            ("169.254.170.2", Some("link-local")),
            ("192.0.2.1", Some("documentation")),
            ("198.51.100.1", Some("documentation")),
            ("203.0.113.1", Some("documentation")),
            ("192.0.0.1", Some("reserved")),
            ("198.19.0.1", Some("reserved")),
            ("224.0.0.1", Some("multicast")),
            ("239.255.255.255", Some("multicast")),
            ("240.0.0.1", Some("reserved")),
            ("255.255.255.255", Some("reserved")),
            ("2606:4700::1111", None),
            ("::ffff:8.8.8.8", None),
            ("64:ff9b::8.8.8.8", None),
            ("::", Some("unspecified")),
            ("::1", Some("loopback")),
            ("::127.0.0.1", Some("a tunnel to IPv4")),
            ("::ffff:127.0.0.1", Some("loopback")),
            ("::ffff:a9fe:a9fe", Some("a cloud's metadata service")),
            ("::ffff:10.0.0.1", Some("private")),
            ("64:ff9b::169.254.169.254", Some("a cloud's metadata service")),
            ("64:ff9b:1::7f00:1", Some("a tunnel to IPv4")),
            ("2002:7f00:1::", Some("a tunnel to IPv4")),
            ("2001:0:808:808::f5ff:fffe", Some("a tunnel to IPv4")),
            ("2606:4700::5efe:7f00:1", Some("loopback")),
            ("2606:4700::200:5efe:c0a8:1", Some("private")),
            ("fd00:ec2::254", Some("a cloud's metadata service")),
            ("fd12:3456::1", Some("private")),
            ("fe80::1", Some("link-local")),
            ("ff02::1", Some("multicast")),
            ("2001:db8::1", Some("documentation")),
            ("3fff::1", Some("documentation")),
            ("2001:20::1", Some("reserved")),
            ("4000::1", Some("reserved")),
            ("100::1", Some("reserved")),
        ] {
            assert_eq!(refused_address(address.parse().unwrap()), expected, "{address}");
        }
    }
}
