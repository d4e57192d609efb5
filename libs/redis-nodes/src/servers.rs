use std::collections::BTreeSet;
use std::fmt;

use kernel::{Random, SystemRandom};
use redis::{
    Client, ConnectionAddr, ConnectionInfo, FromRedisValue, IntoConnectionInfo, ProtocolVersion,
    RedisResult, Value, from_redis_value,
};

use crate::slots::{Range, SlotMap};
use crate::{DEADLINE, within};

/// One server, by the address that the cluster gives it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    host: String,
    port: u16,
}

impl Node {
    /// By its name and port.
    pub fn new(host: &str, port: u16) -> Self {
        Self { host: host.to_owned(), port }
    }

    /// Another port of the same host.
    pub(crate) fn beside(&self, port: u16) -> Self {
        Self { host: self.host.clone(), port }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// One server, or a cluster of them, and how to get in.
#[derive(Debug, Clone)]
pub struct Servers {
    /// Everything but the address is the same for all.
    info: ConnectionInfo,
    /// Those that the URL names.
    seeds: Vec<Node>,
    is_cluster: bool,
}

impl Servers {
    /// Of `redis://host:port/db`, or of a cluster if several of its nodes are listed, separated by commas: `redis://a:6379,b:6379`.
    pub fn parse(url: &str) -> Result<Self, String> {
        let is_cluster = url.contains(',');
        let parse = |node: &String| node.as_str().into_connection_info();
        let infos = settings::redis_nodes(url).iter().map(parse).collect::<RedisResult<Vec<_>>>();
        let infos = infos.map_err(|error| error.to_string())?;
        let first = infos.first().ok_or("no host is named")?.clone();
        if is_cluster && infos.iter().any(|info| info.redis_settings().db() != 0) {
            return Err(
                "a cluster has no databases; leave out what stands behind the last host's /"
                    .to_owned(),
            );
        }
        let seeds: Option<Vec<_>> = infos.iter().map(|info| node_of(info.addr())).collect();
        let settings = first.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        Ok(Self {
            info: first.set_redis_settings(settings),
            seeds: seeds.ok_or("name hosts, not a socket's path")?,
            is_cluster,
        })
    }

    /// Whether slots are spread over several servers.
    pub fn is_cluster(&self) -> bool {
        self.is_cluster
    }

    /// The one that is to be there from the start.
    pub(crate) fn first(&self) -> Option<&Node> {
        self.seeds.first()
    }

    /// For one connection after another to this server.
    pub fn client(&self, node: &Node) -> RedisResult<Client> {
        let addr = match self.info.addr().clone() {
            ConnectionAddr::TcpTls { insecure, tls_params, .. } => ConnectionAddr::TcpTls {
                host: node.host.clone(),
                port: node.port,
                insecure,
                tls_params,
            },
            _ => ConnectionAddr::Tcp(node.host.clone(), node.port),
        };
        Client::open(self.info.clone().set_addr(addr))
    }

    /// Who has each slot. A cluster is asked: those that are `known` and those that the URL names, in any order, until one
    /// answers that is part of the majority. If there is none, one that is not will do.
    pub(crate) async fn slots(&self, known: Vec<Node>) -> Result<SlotMap, String> {
        if !self.is_cluster {
            return self
                .first()
                .cloned()
                .map(SlotMap::of_one)
                .ok_or_else(|| "no host is named".to_owned());
        }
        let all: BTreeSet<Node> = self.seeds.iter().cloned().chain(known).collect();
        let mut all: Vec<Node> = all.into_iter().collect();
        let mut fallback = Err(String::new());
        while !all.is_empty() {
            let drawn = SystemRandom.below(all.len() as u64);
            let node = all.swap_remove(usize::try_from(drawn).unwrap_or(0));
            match within(DEADLINE, self.ask(&node)).await {
                Ok((true, ranges)) => return Ok(SlotMap::new(ranges)),
                Ok((false, ranges)) => fallback = Ok(SlotMap::new(ranges)),
                Err(error) => fallback = fallback.or(Err(format!("{node}: {error}"))),
            }
        }
        fallback
    }

    /// Says as well whether the node thinks that the cluster works: one that is cut off from the others does not.
    async fn ask(&self, node: &Node) -> RedisResult<(bool, Vec<Range>)> {
        let mut connection = self.client(node)?.get_multiplexed_async_connection().await?;
        let mut questions = redis::pipe();
        questions.cmd("CLUSTER").arg("INFO").cmd("CLUSTER").arg("SLOTS");
        let (info, slots): (String, Vec<Value>) = questions.query_async(&mut connection).await?;
        let ranges = slots.into_iter().map(|entry| range(entry, &node.host));
        Ok((info.contains("cluster_state:ok"), ranges.collect::<RedisResult<_>>()?))
    }
}

fn node_of(addr: &ConnectionAddr) -> Option<Node> {
    match addr {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
            Some(Node::new(host, *port))
        }
        _ => None,
    }
}

/// An entry of `CLUSTER SLOTS`: first, last, master, replicas. A server that does not know its own name leaves it out; then it is
/// the one by which it was asked.
fn range(entry: Value, asked: &str) -> RedisResult<Range> {
    let mut parts = Vec::<Value>::from_redis_value(entry)?.into_iter();
    let mut next = || parts.next().unwrap_or(Value::Nil);
    let (first, last) = (from_redis_value(next())?, from_redis_value(next())?);
    let mut master = Vec::<Value>::from_redis_value(next())?.into_iter();
    let host: Option<String> = from_redis_value(master.next().unwrap_or(Value::Nil))?;
    let port = from_redis_value(master.next().unwrap_or(Value::Nil))?;
    let host = host.filter(|host| !host.is_empty() && host != "?");
    Ok(Range { first, last, master: Node::new(host.as_deref().unwrap_or(asked), port) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_has_every_slot() {
        let servers = Servers::parse("redis://me:secret@a:7/3").unwrap();
        assert!(!servers.is_cluster());
        let slots = futures::executor::block_on(servers.slots(Vec::new())).unwrap();
        assert_eq!(slots, SlotMap::of_one(Node::new("a", 7)));
    }

    #[test]
    fn several_hosts_are_a_cluster_and_share_the_login() {
        let servers = Servers::parse("rediss://me:secret@a:7,b").unwrap();
        assert_eq!(servers.seeds, [Node::new("a", 7), Node::new("b", 6_379)]);
        let info = servers.client(&Node::new("c", 9)).unwrap().get_connection_info().clone();
        assert_eq!(info.redis_settings().username(), Some("me"));
        assert!(matches!(info.addr(), ConnectionAddr::TcpTls { host, port: 9, .. } if host == "c"));
    }

    #[test]
    fn what_cannot_be_a_cluster_is_refused() {
        for url in ["redis://a,b/1", "redis://,", "redis://a:x,b", "redis://a b,c"] {
            assert!(Servers::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn an_entry_is_its_slots_and_its_master() {
        let node = |host: Value| {
            let replica = Value::Array(vec![Value::SimpleString("r".into()), Value::Int(9)]);
            let master =
                Value::Array(vec![host, Value::Int(7_000), Value::SimpleString("id".into())]);
            Value::Array(vec![Value::Int(0), Value::Int(5_460), master, replica])
        };
        let whole = range(node(Value::BulkString(b"a".to_vec())), "asked").unwrap();
        assert_eq!(whole, Range { first: 0, last: 5_460, master: Node::new("a", 7_000) });
        for unknown in [Value::Nil, Value::BulkString(Vec::new()), Value::BulkString(b"?".to_vec())]
        {
            assert_eq!(range(node(unknown), "asked").unwrap().master.host, "asked");
        }
        assert!(range(Value::Int(1), "asked").is_err());
    }
}
