//! The network through which the processes reach each other.

use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};

use crate::place::Place;

/// For gloo: the interfaces that `GLOO_SOCKET_IFNAME` names, or `@` and the address of this machine on the way
/// to the store. (gloo itself takes the address of the machine's name, which often is 127.0.1.1.)
pub(crate) fn network(place: &Place) -> String {
    match std::env::var("GLOO_SOCKET_IFNAME") {
        Ok(names) if !names.is_empty() => names,
        _ => format!("@{}", towards(&place.host, place.port)),
    }
}

/// The address of this machine from which packets to another one leave. Nothing is sent.
fn towards(host: &str, port: u16) -> String {
    let addresses = (host, port).to_socket_addrs().into_iter().flatten();
    for address in addresses {
        let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let own = UdpSocket::bind(any).and_then(|socket| {
            socket.connect(address)?;
            socket.local_addr()
        });
        if let Ok(own) = own {
            return SocketAddr::ip(&own).to_string();
        }
    }
    // gloo will say what is wrong with it.
    host.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_this_machine_is_the_loop() {
        assert_eq!(towards("127.0.0.1", 29_500), "127.0.0.1");
        assert_eq!(towards("no-such-host.invalid", 1), "no-such-host.invalid");
    }
}
