//! What happens when the server, or the way to it, fails. Servers of their own, to be killed.

mod cluster;
mod load;

use std::time::Duration;

use kv::{Hit, Kv, Limit, RedisKv};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use testkit::{servers, wait};
use tokio::time::{Instant, timeout};

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// A call's deadline, and what a busy machine adds to it.
pub(crate) const LONGEST: Duration = Duration::from_millis(1_500);
/// Ten calls to a server that is known to be away: far less than one deadline each.
const TEN_AT_ONCE: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_costs_a_call_a_tenth_of_a_second() {
    let mut server = servers::private_redis().await.unwrap();
    let kv = RedisKv::connect(&server.url(), "kv").await.unwrap();
    let limits = [Limit { count: 1, window: Duration::from_mins(1) }];
    assert_eq!(kv.hit("a", &limits).await.unwrap(), Hit::Allowed);
    server.kill().await.unwrap();
    assert!(timeout(LONGEST, kv.get("a")).await.unwrap().is_err(), "answered by nobody");
    ten_fail_soon(&kv).await;
    server.restart().await.unwrap();
    wait::until(PATIENCE, async || kv.ping().await.ok()).await.unwrap();
    // The new server has neither the keys nor the script.
    assert_eq!(kv.hit("a", &limits).await.unwrap(), Hit::Allowed);
    assert!(matches!(kv.hit("a", &limits).await.unwrap(), Hit::Refused(_)));
}

/// The connection is there, and nothing comes through it.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_noticed() {
    let server = servers::private_redis().await.unwrap();
    let kv = RedisKv::connect(&server.url(), "kv").await.unwrap();
    kv.set("a", b"x", Duration::from_mins(1)).await.unwrap();
    let pid = Pid::from_raw(server.pid());
    kill(pid, Signal::SIGSTOP).unwrap();
    let known = async || {
        let begin = Instant::now();
        assert!(timeout(LONGEST, kv.get("a")).await.unwrap().is_err());
        (begin.elapsed() < Duration::from_millis(500)).then_some(())
    };
    wait::until(PATIENCE, known).await.unwrap();
    ten_fail_soon(&kv).await;
    kill(pid, Signal::SIGCONT).unwrap();
    let read = wait::until(PATIENCE, async || kv.get("a").await.ok()).await.unwrap();
    assert_eq!(read.as_deref(), Some(&b"x"[..]));
}

async fn ten_fail_soon(kv: &RedisKv) {
    let begin = Instant::now();
    for _ in 0..10 {
        assert!(kv.get("a").await.is_err() && kv.ping().await.is_err());
    }
    assert!(begin.elapsed() < TEN_AT_ONCE, "{:?}", begin.elapsed());
}
