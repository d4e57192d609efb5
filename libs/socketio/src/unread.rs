use std::any::Any;
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use socket2::SockRef;

/// Lets the system give a connection up when its client acknowledged, or took, nothing for that long. Meant for
/// `HttpServer::on_connect`.
///
/// A socket that is closed for not reading frees its queue at once, but the web server still tries to write what it had
/// taken over, and would hold the connection for as long as the client keeps it open. Nothing above the system can end it.
/// A client that goes on writing while it does not read is not caught by this: limits of connections per address are for
/// that one.
pub fn give_up_unread(connection: &dyn Any, after: Duration) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else { return };
    if let Err(error) = SockRef::from(stream).set_tcp_user_timeout(Some(after)) {
        tracing::debug!(%error, "a connection has no limit for unread data");
    }
}
