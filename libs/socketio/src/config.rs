use std::time::Duration;

use crate::OriginPolicy;

/// The limits and intervals of an engine.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where clients find the engine; a slash behind it is taken as well.
    pub path: String,
    /// Names this instance in the ids of its sessions, so that a gateway can send the requests of a long-polling client to
    /// the instance that holds its session. Letters, digits, `-` and `_`. Empty: there is only one.
    pub instance: String,
    /// How long after the last answer the client is pinged.
    pub ping_interval: Duration,
    /// How long the client has to answer a ping.
    pub ping_timeout: Duration,
    /// How long a client has from opening the connection until its CONNECT is answered, and from leaving its last namespace.
    pub connect_timeout: Duration,
    /// How long a client has from opening a websocket for a session until that carries it. After that polling goes on.
    pub upgrade_timeout: Duration,
    /// How long the attachments of a packet may take.
    pub attachments_timeout: Duration,
    /// How long what was last said to a long-polling client waits for it to be fetched.
    pub farewell_timeout: Duration,
    /// How long a request's body may take.
    pub body_timeout: Duration,
    /// Bytes of one incoming message or request. A longer one closes the connection before it is read.
    pub max_payload_bytes: usize,
    /// Attachments of one packet; more close the connection.
    pub max_attachments: usize,
    /// Bytes of all attachments of one packet; more close the connection.
    pub max_attachment_bytes: usize,
    /// Bytes waiting for one client; more closes it.
    pub queue_bytes: usize,
    /// Packets waiting for one client; more closes it.
    pub queue_packets: usize,
    /// Events of one client that are handled at the same time; while there are as many, the client is not read.
    pub max_in_flight: usize,
    /// Questions of the server that one client has not answered yet; further ones fail.
    pub max_asked: usize,
    /// Connections from one address; further ones are refused. What the address is, [`crate::Builder::address`] says.
    pub max_per_address: usize,
    /// Connections of one owner, as [`crate::Socket::belongs_to`] counts them.
    pub max_per_owner: usize,
    /// Which pages may connect.
    pub allowed_origins: OriginPolicy,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: "/socket.io".to_owned(),
            instance: String::new(),
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(10),
            upgrade_timeout: Duration::from_secs(10),
            attachments_timeout: Duration::from_secs(10),
            farewell_timeout: Duration::from_secs(2),
            body_timeout: Duration::from_secs(30),
            max_payload_bytes: 64 * 1024,
            max_attachments: 10,
            max_attachment_bytes: 64 * 1024,
            queue_bytes: 256 * 1024,
            queue_packets: 4_096,
            max_in_flight: 32,
            max_asked: 32,
            max_per_address: usize::MAX,
            max_per_owner: usize::MAX,
            allowed_origins: OriginPolicy::SameHost,
        }
    }
}
