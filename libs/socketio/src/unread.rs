use std::any::Any;
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use socket2::SockRef;

/// Lets the system give a connection up when its client acknowledged, or took, nothing for that long: nothing above the
/// system can end it. A client that goes on writing while it does not read is not caught by this: limits of connections per
/// address are for that one.
pub(crate) fn give_up_unread(connection: &dyn Any, after: Duration) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else { return };
    if let Err(error) = SockRef::from(stream).set_tcp_user_timeout(Some(after)) {
        tracing::debug!(%error, "a connection has no limit for unread data");
    }
}
