use std::collections::{BTreeSet, HashMap};
use std::fmt;

use kernel::{Random, SystemRandom};
use redis::cluster_routing::Slot;
use redis::{
    Client, ConnectionAddr, ConnectionInfo, FromRedisValue, IntoConnectionInfo, ProtocolVersion,
    RedisResult, Value, from_redis_value,
};

use super::channels::CHANNELS;
use super::directory::Owners;
use super::{names, within_deadline};

/// One server, by the address that the cluster gives it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Node {
    host: String,
    port: u16,
}

impl Node {
    pub(super) fn new(host: &str, port: u16) -> Self {
        Self { host: host.to_owned(), port }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// One server, or a cluster of them, and how to get in.
#[derive(Clone)]
pub(super) struct Servers {
    /// Everything but the address is the same for all.
    info: ConnectionInfo,
    /// Those that the URL names.
    seeds: Vec<Node>,
    is_cluster: bool,
    /// Of each channel. Empty if there is one server.
    slots: Vec<Slot>,
}

impl Servers {
    pub(super) fn parse(url: &str, namespace: &str) -> Result<Self, String> {
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
        let slot = |channel| Slot::for_key(names::event(namespace, channel));
        Ok(Self {
            info: first.set_redis_settings(settings),
            seeds: seeds.ok_or("name hosts, not a socket's path")?,
            is_cluster,
            slots: if is_cluster { (0..CHANNELS).map(slot).collect() } else { Vec::new() },
        })
    }

    pub(super) fn is_cluster(&self) -> bool {
        self.is_cluster
    }

    /// The one that is to be there from the start.
    pub(super) fn first(&self) -> Option<&Node> {
        self.seeds.first()
    }

    pub(super) fn client(&self, node: &Node) -> RedisResult<Client> {
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

    /// Who has each channel. A cluster is asked: those that are `known` and those that the URL names, in any order, until one
    /// answers that is part of the majority. If there is none, one that is not will do.
    pub(super) async fn owners(&self, known: Vec<Node>) -> Result<Owners, String> {
        if !self.is_cluster {
            return Ok((0..CHANNELS).map(|_| self.seeds.first().cloned()).collect());
        }
        let all: BTreeSet<Node> = self.seeds.iter().cloned().chain(known).collect();
        let mut all: Vec<Node> = all.into_iter().collect();
        let mut fallback = Err(String::new());
        while !all.is_empty() {
            let drawn = SystemRandom.below(all.len() as u64);
            let node = all.swap_remove(usize::try_from(drawn).unwrap_or(0));
            match within_deadline(self.ask(&node)).await {
                Ok((true, ranges)) => return Ok(self.spread(&ranges)),
                Ok((false, ranges)) => fallback = Ok(self.spread(&ranges)),
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
        let ranges = slots.into_iter().map(|entry| Range::parse(entry, &node.host));
        Ok((info.contains("cluster_state:ok"), ranges.collect::<RedisResult<_>>()?))
    }

    fn spread(&self, ranges: &[Range]) -> Owners {
        let mut slots = HashMap::new();
        for range in ranges {
            let numbers = (range.first..=range.last).filter_map(Slot::new);
            slots.extend(numbers.map(|slot| (slot, &range.master)));
        }
        self.slots.iter().map(|slot| slots.get(slot).map(|node| (*node).clone())).collect()
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

/// Slots that lie side by side, and their master.
#[derive(Debug, PartialEq, Eq)]
struct Range {
    first: u16,
    last: u16,
    master: Node,
}

impl Range {
    /// An entry of `CLUSTER SLOTS`: first, last, master, replicas. A server that does not know its own name leaves it out; then
    /// it is the one by which it was asked.
    fn parse(entry: Value, asked: &str) -> RedisResult<Self> {
        let mut parts = Vec::<Value>::from_redis_value(entry)?.into_iter();
        let mut next = || parts.next().unwrap_or(Value::Nil);
        let (first, last) = (from_redis_value(next())?, from_redis_value(next())?);
        let mut master = Vec::<Value>::from_redis_value(next())?.into_iter();
        let host: Option<String> = from_redis_value(master.next().unwrap_or(Value::Nil))?;
        let port = from_redis_value(master.next().unwrap_or(Value::Nil))?;
        let host = host.filter(|host| !host.is_empty() && host != "?");
        Ok(Self { first, last, master: Node::new(host.as_deref().unwrap_or(asked), port) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_has_every_channel() {
        let servers = Servers::parse("redis://me:secret@a:7/3", "chat").unwrap();
        assert!(!servers.is_cluster());
        let owners = futures::executor::block_on(servers.owners(Vec::new())).unwrap();
        assert_eq!(owners[..], vec![Some(Node::new("a", 7)); 1_024]);
    }

    #[test]
    fn several_hosts_are_a_cluster_and_share_the_login() {
        let servers = Servers::parse("rediss://me:secret@a:7,b", "chat").unwrap();
        assert_eq!(servers.seeds, [Node::new("a", 7), Node::new("b", 6_379)]);
        let info = servers.client(&Node::new("c", 9)).unwrap().get_connection_info().clone();
        assert_eq!(info.redis_settings().username(), Some("me"));
        assert!(matches!(info.addr(), ConnectionAddr::TcpTls { host, port: 9, .. } if host == "c"));
    }

    #[test]
    fn what_cannot_be_a_cluster_is_refused() {
        for url in ["redis://a,b/1", "redis://,", "redis://a:x,b", "redis://a b,c"] {
            assert!(Servers::parse(url, "chat").is_err(), "{url}");
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
        let range = Range::parse(node(Value::BulkString(b"a".to_vec())), "asked").unwrap();
        assert_eq!(range, Range { first: 0, last: 5_460, master: Node::new("a", 7_000) });
        for unknown in [Value::Nil, Value::BulkString(Vec::new()), Value::BulkString(b"?".to_vec())]
        {
            assert_eq!(Range::parse(node(unknown), "asked").unwrap().master.host, "asked");
        }
        assert!(Range::parse(Value::Int(1), "asked").is_err());
    }

    #[test]
    fn every_channel_is_with_the_master_of_its_slot() {
        let servers = Servers::parse("redis://a,b", "chat").unwrap();
        let range = |first, last, name| Range { first, last, master: Node::new(name, 1) };
        let owners = servers.spread(&[range(0, 8_000, "a"), range(8_001, 16_000, "b")]);
        let count = |name: Option<&str>| {
            owners.iter().filter(|owner| owner.as_ref().map(|node| &*node.host) == name).count()
        };
        assert!(count(Some("a")) > 400 && count(Some("b")) > 400 && count(None) > 0);
        assert_eq!(count(Some("a")) + count(Some("b")) + count(None), 1_024);
    }
}
