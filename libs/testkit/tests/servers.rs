//! The servers come up, are found again, and end; nothing else is touched.

use std::time::Duration;

use anyhow::{Context, Result};
use mongodb::bson::doc;
use testkit::servers::{self, Kind, PrivateServer, Services};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SOON: Duration = Duration::from_secs(10);

async fn ping(url: &str) -> Result<String> {
    say(url.trim_start_matches("redis://"), "PING\r\n").await
}

async fn say(address: &str, words: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(words.as_bytes()).await?;
    let mut answer = vec![0_u8; 1_000];
    let length = stream.read(&mut answer).await?;
    Ok(String::from_utf8(answer[..length].to_vec())?)
}

async fn write_to_mongo(url: &str) -> Result<u64> {
    let database = mongodb::Client::with_uri_str(url).await?.default_database();
    let database = database.context("the URL names no database")?;
    let letters = database.collection::<mongodb::bson::Document>("letters");
    letters.insert_one(doc! { "text": "kept" }).await?;
    Ok(letters.count_documents(doc! {}).await?)
}

#[tokio::test]
async fn shared_servers_answer_and_are_found_again() {
    let database = servers::mongo_database_url(&testkit::unique("testkit")).await.unwrap();
    assert_eq!(write_to_mongo(&database).await.unwrap(), 1);
    assert!(ping(&servers::redis_url().await.unwrap()).await.unwrap().contains("PONG"));
    assert!(servers::amqp_url().await.unwrap().starts_with("amqp://guest:guest@127.0.0.1:"));
    let before = Services::default().status().unwrap();
    assert_eq!(servers::mongo_url().await.unwrap(), before[&Kind::Mongo].url);
    assert_eq!(servers::redis_url().await.unwrap(), before[&Kind::Redis].url);
}

#[tokio::test]
async fn a_mail_becomes_a_file() {
    let smtp = servers::smtp().await.unwrap();
    let address = format!("{}@example.org", testkit::unique("ada"));
    let script = "HELO test\r\nMAIL FROM:<us@example.org>\r\n";
    let data =
        format!("RCPT TO:<{address}>\r\nDATA\r\nTo: {address}\r\n\r\n123456\r\n.\r\nQUIT\r\n");
    let host = smtp.url.trim_start_matches("smtp://");
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(format!("{script}{data}").as_bytes()).await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    assert!(answers.contains("250 kept"), "{answers}");

    assert!(smtp.mail_to(&address, SOON).await.unwrap().contains("123456"));
}

#[tokio::test]
async fn a_mail_to_refuse_is_refused_with_the_code_of_its_address() {
    let smtp = servers::smtp().await.unwrap();
    let script =
        "HELO test\r\nMAIL FROM:<us@example.org>\r\nRCPT TO:<refuse-451@example.org>\r\nQUIT\r\n";
    let mut stream = TcpStream::connect(smtp.url.trim_start_matches("smtp://")).await.unwrap();
    stream.write_all(script.as_bytes()).await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    assert!(answers.contains("\r\n451 "), "{answers}");
}

#[tokio::test]
async fn ten_who_ask_at_once_get_one_server() {
    let folder = tempfile::tempdir().unwrap();
    let services = Services::in_folder(folder.path());
    let asked: Vec<_> = (0..10)
        .map(|_| {
            let services = services.clone();
            tokio::spawn(async move { services.get(Kind::Redis).await.unwrap().process })
        })
        .collect();
    let mut processes = Vec::new();
    for answer in asked {
        processes.push(answer.await.unwrap());
    }
    processes.dedup();
    assert_eq!(processes.len(), 1);
    services.down().await.unwrap();
    assert!(!processes[0].is_alive());
}

#[tokio::test]
async fn down_stops_its_own_and_a_dead_server_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let services = Services::in_folder(folder.path());
    let other = servers::redis_url().await.unwrap();

    let first = services.get(Kind::Redis).await.unwrap();
    first.process.kill().await.unwrap();
    let second = services.get(Kind::Redis).await.unwrap();
    assert_ne!(first.process, second.process);
    assert!(ping(&second.url).await.unwrap().contains("PONG"));

    services.down().await.unwrap();
    assert!(ping(&second.url).await.is_err());
    assert!(services.status().unwrap().is_empty());
    assert!(ping(&other).await.unwrap().contains("PONG"));
    services.down().await.unwrap();
}

#[tokio::test]
async fn a_private_redis_dies_and_returns_on_its_port() {
    let mut server = servers::private_redis().await.unwrap();
    let url = server.url();
    server.kill().await.unwrap();
    assert!(ping(&url).await.is_err());
    server.restart().await.unwrap();
    assert_eq!(server.url(), url);
    assert!(ping(&url).await.unwrap().contains("PONG"));
    drop(server);
    assert!(ping(&url).await.is_err());
}

#[tokio::test]
async fn a_private_mongo_keeps_its_data_over_a_crash() {
    let mut server = servers::private_mongo().await.unwrap();
    let url = server.url().replace("/?", "/post?");
    assert_eq!(write_to_mongo(&url).await.unwrap(), 1);
    server.kill().await.unwrap();
    server.restart().await.unwrap();
    assert_eq!(write_to_mongo(&url).await.unwrap(), 2);
}

#[tokio::test]
async fn a_private_rabbit_dies_and_returns() {
    let mut server = PrivateServer::start(Kind::Rabbit).await.unwrap();
    let port = server.url().rsplit_once(':').unwrap().1.trim_end_matches("/%2f").to_owned();
    let address = format!("127.0.0.1:{port}");
    server.kill().await.unwrap();
    assert!(TcpStream::connect(&address).await.is_err());
    server.restart().await.unwrap();
    assert!(TcpStream::connect(&address).await.is_ok());
    drop(server);
    assert!(TcpStream::connect(&address).await.is_err());
}

#[tokio::test]
async fn a_private_mongo_set_carries_on_without_its_primary() {
    let mut set = servers::private_replica_set().await.unwrap();
    let url = set.database_url("letters");
    assert_eq!(write_to_mongo(&url).await.unwrap(), 1);
    let first = set.primary().await.unwrap();
    set.kill(first).await.unwrap();
    let second = set.primary().await.unwrap();
    assert!(set.others(first).contains(&second));
    assert_eq!(write_to_mongo(&url).await.unwrap(), 2);
    set.restart(first).await.unwrap();
    set.whole().await.unwrap();
    assert_eq!(write_to_mongo(&url).await.unwrap(), 3);
}

#[tokio::test]
async fn a_private_mongo_cluster_spreads_documents_and_says_whom_a_query_reaches() {
    let cluster = servers::sharded().await.unwrap();
    cluster.shard("letters", "box").await.unwrap();
    let letters: Vec<_> = (0..100).map(|number| doc! { "_id": number, "box": number }).collect();
    cluster.route(doc! { "clusterInsert": "letters", "documents": letters }).await.unwrap();
    let spread = cluster.spread("letters").await.unwrap();
    assert!(spread.iter().sum::<usize>() == 100 && !spread.contains(&0), "{spread:?}");
    let one = cluster.targets("letters", &doc! { "filter": { "box": 7 } }).await.unwrap();
    assert_eq!(one, ("SINGLE_SHARD".to_owned(), 1));
    let all = cluster.targets("letters", &doc! { "filter": { "_id": 7 } }).await.unwrap();
    assert_eq!(all, ("SHARD_MERGE".to_owned(), 2));
}

#[tokio::test]
async fn a_redis_cluster_has_all_slots_and_ends_with_all_its_nodes() {
    let folder = tempfile::tempdir().unwrap();
    let services = Services::in_folder(folder.path());
    let cluster = services.get(Kind::Cluster).await.unwrap();
    let nodes: Vec<_> = cluster.url.trim_start_matches("redis://").split(',').collect();
    assert_eq!(nodes.len(), 3);
    for node in &nodes {
        let info = say(node, "CLUSTER INFO\r\n").await.unwrap();
        assert!(info.contains("cluster_state:ok") && info.contains("cluster_slots_ok:16384"));
    }
    assert_eq!(services.get(Kind::Cluster).await.unwrap().process, cluster.process);
    services.down().await.unwrap();
    for node in &nodes {
        assert!(ping(node).await.is_err());
    }
}

#[tokio::test]
async fn a_private_redis_cluster_loses_a_node_and_moves_a_slot() {
    let mut cluster = servers::private_redis_cluster(false).await.unwrap();
    cluster.kill(1).await.unwrap();
    assert!(cluster.say(1, "PING").await.is_err());
    assert!(cluster.say(0, "PING").await.unwrap().contains("PONG"));
    cluster.restart(1).await.unwrap();
    cluster.whole().await.unwrap();
    assert!(cluster.say(0, "SET {a}b c").await.is_err(), "that slot is another one's");
    let slot = cluster.say(0, "CLUSTER KEYSLOT {a}b").await.unwrap();
    let slot: u16 = slot.trim().trim_start_matches(':').parse().unwrap();
    cluster.move_slot(slot, usize::from(slot / 5_462), 0).await.unwrap();
    cluster.say(0, "SET {a}b c").await.unwrap();
}
