//! Where a phone on the same network finds this computer.

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};

/// Addresses that ordinary village networks route to: the world, then the private ranges.
/// 192.168.0.0/16 by its third number, 172.16.0.0/12 by its second, and the usual corners of 10.0.0.0/8.
fn targets() -> impl Iterator<Item = Ipv4Addr> {
    let world = std::iter::once(Ipv4Addr::new(223, 5, 5, 5));
    let home = (0..=255).map(|n| Ipv4Addr::new(192, 168, n, 1));
    let office = (0..=255).map(|n| Ipv4Addr::new(10, n, 0, 1));
    let shared = (16..32).map(|n| Ipv4Addr::new(172, n, 10, 1));
    world.chain(home).chain(office).chain(shared)
}

/// The address that a packet to `target` would leave from. Connecting a UDP socket asks the routing table and sends nothing.
fn source(target: Ipv4Addr) -> Option<Ipv4Addr> {
    let socket = UdpSocket::bind(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect(SocketAddrV4::new(target, 9)).ok()?;
    match socket.local_addr().ok()? {
        std::net::SocketAddr::V4(address) => Some(*address.ip()),
        std::net::SocketAddr::V6(_) => None,
    }
}

/// This computer's addresses, the likeliest first: the way to the internet, then other networks it is in.
pub fn addresses() -> Vec<Ipv4Addr> {
    let mut found = Vec::new();
    for address in targets().filter_map(source) {
        let usable = !address.is_loopback() && !address.is_link_local();
        if usable && !address.is_unspecified() && !found.contains(&address) {
            found.push(address);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_found_is_this_computers_own() {
        for address in addresses() {
            assert!(UdpSocket::bind(SocketAddrV4::new(address, 0)).is_ok(), "{address}");
        }
        assert_eq!(source(Ipv4Addr::LOCALHOST), Some(Ipv4Addr::LOCALHOST));
    }
}
