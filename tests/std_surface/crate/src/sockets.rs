//! TCP, UDP and Unix sockets over loopback, and names.

use crate::report::Report;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::thread;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(30);

pub fn items(report: &mut Report) {
    tcp(report);
    udp(report);
    unix(report);
    names(report);
    addresses(report);
}

fn tcp(report: &mut Report) {
    report.tried("tcp", || {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let server = thread::spawn(move || {
            let (mut stream, from) = listener.accept().unwrap();
            let mut all = String::new();
            stream.read_to_string(&mut all).unwrap();
            stream.write_all(all.to_uppercase().as_bytes()).unwrap();
            from.ip()
        });
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
        let peer = stream.peer_addr()? == address;
        stream.set_nodelay(true)?;
        stream.set_ttl(33)?;
        stream.write_all(b"over tcp")?;
        stream.shutdown(Shutdown::Write)?;
        let mut all = String::new();
        stream.read_to_string(&mut all)?;
        Ok((all, server.join().unwrap(), stream.nodelay()?, stream.ttl()?, peer))
    });
    report.tried("tcp of version 6", || {
        let listener = TcpListener::bind("[::1]:0")?;
        let stream = TcpStream::connect(listener.local_addr()?)?;
        Ok((listener.accept()?.1 == stream.local_addr()?, stream.peer_addr()?.ip()))
    });
    report.tried("tcp refused", || {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        TcpStream::connect(address).map(|_| ())
    });
    report.tried("tcp address in use", || {
        let first = TcpListener::bind("127.0.0.1:0")?;
        TcpListener::bind(first.local_addr()?).map(|_| ())
    });
    report.tried("tcp timeout", || {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let mut stream = TcpStream::connect(listener.local_addr()?)?;
        stream.set_read_timeout(Some(SHORT))?;
        let kind = stream.read(&mut [0; 1]).map_err(|error| error.kind());
        Ok((kind, stream.read_timeout()?.is_some()))
    });
    report.tried("tcp timeout of zero", || {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        TcpStream::connect(listener.local_addr()?)?.set_read_timeout(Some(Duration::ZERO))
    });
    report.tried("tcp without blocking", || {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        listener.accept().map(|_| ())
    });
    report.tried("tcp error of a socket", || {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        Ok(TcpStream::connect(listener.local_addr()?)?.take_error()?.is_none())
    });
}

fn udp(report: &mut Report) {
    report.tried("udp", || {
        let (one, two) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
        one.send_to(b"a datagram", two.local_addr()?)?;
        let mut bytes = [0; 64];
        let (size, from) = two.recv_from(&mut bytes)?;
        two.connect(from)?;
        two.send(&bytes[..size])?;
        Ok((one.recv(&mut bytes)?, from == one.local_addr()?))
    });
    report.tried("udp timeout", || {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_read_timeout(Some(SHORT))?;
        socket.set_broadcast(true)?;
        Ok((socket.recv(&mut [0; 4]).map_err(|error| error.kind()), socket.broadcast()?))
    });
    report.tried("udp multicast", || {
        let socket = UdpSocket::bind("0.0.0.0:0")?;
        socket.set_multicast_ttl_v4(7)?;
        socket.set_multicast_loop_v4(false)?;
        Ok((socket.multicast_ttl_v4()?, socket.multicast_loop_v4()?))
    });
}

fn unix(report: &mut Report) {
    let place = report.place();
    report.tried("unix stream", || {
        let listener = UnixListener::bind(place.join("socket"))?;
        let mut client = UnixStream::connect(place.join("socket"))?;
        let (mut server, from) = listener.accept()?;
        client.write_all(b"hello")?;
        drop(client);
        let mut all = String::new();
        server.read_to_string(&mut all)?;
        Ok((all, from.is_unnamed()))
    });
    report.tried("unix pair", || {
        let (mut one, mut two) = UnixStream::pair()?;
        one.write_all(b"ping")?;
        two.read_exact(&mut [0; 4])?;
        two.set_read_timeout(Some(SHORT))?;
        Ok(two.read(&mut [0; 1]).map_err(|error| error.kind()))
    });
    report.tried("unix datagram", || {
        let (one, two) = UnixDatagram::pair()?;
        one.send(b"datagram")?;
        two.recv(&mut [0; 16])
    });
    report.tried("unix socket absent", || UnixStream::connect(place.join("no-socket")).map(|_| ()));
    report.tried("unix path too long", || UnixListener::bind(place.join("s".repeat(200))).map(|_| ()));
}

fn names(report: &mut Report) {
    report.tried("name localhost", || {
        let mut found: Vec<_> = ("localhost", 80).to_socket_addrs()?.filter(SocketAddr::is_ipv4).collect();
        found.dedup();
        Ok(found)
    });
    report.tried("name in the hosts file", || Ok(("std-surface.test", 80).to_socket_addrs()?.collect::<Vec<_>>()));
    report.tried("name that a server knows", || Ok(("std-surface.example", 80).to_socket_addrs()?.collect::<Vec<_>>()));
    report.tried("name with two addresses", || {
        let mut found: Vec<_> = ("two.std-surface.example", 80).to_socket_addrs()?.collect();
        found.sort();
        Ok(found)
    });
    report.tried("name in another case", || Ok(("Std-Surface.Example", 80).to_socket_addrs()?.collect::<Vec<_>>()));
    report.tried("name that fails", || Ok(("std-surface.invalid", 80).to_socket_addrs()?.count()));
    report.tried("name that is empty", || Ok(("", 80).to_socket_addrs()?.count()));
    report.tried("name with a port", || Ok("localhost:http".to_socket_addrs()?.count()));
    report.tried("name that is a number", || "127.1.2.3:4".to_socket_addrs().map(|found| found.collect::<Vec<_>>()));
    report.tried("name in 8 threads", || {
        let look = || ("localhost", 80).to_socket_addrs().map(|mut found| found.any(|one| one.is_ipv4()));
        let threads: Vec<_> = (0..8).map(|_| thread::spawn(look)).collect();
        threads.into_iter().map(|one| one.join().unwrap()).collect::<Result<Vec<_>, _>>()
    });
}

fn addresses(report: &mut Report) {
    report.debug("address text", || {
        let six: Ipv6Addr = "2001:db8::1".parse().unwrap();
        (six.to_string(), "::ffff:1.2.3.4".parse::<IpAddr>(), "1.2.3".parse::<Ipv4Addr>().is_err())
    });
    report.tried("address of no one here", || TcpListener::bind("192.0.2.1:0").map(|_| ()));
}
