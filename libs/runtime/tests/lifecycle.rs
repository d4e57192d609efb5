//! A real process from start to end: signals, faults and starts that fail.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};
use std::sync::Arc;

use futures::FutureExt;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use runtime::{Env, Options, Program, Running};
use settings::Shape;

const PROGRAM: Program = Program {
    name: "probe",
    about: "a process for tests",
    shape: Shape::OneProcess,
    listen: "server.listen",
};

/// Not a test: the process that the tests start, in the role that the variable names.
#[test]
#[ignore = "the process that the other tests start"]
fn probe() {
    let role = std::env::var("PROBE_ROLE").unwrap();
    let code = runtime::run(&PROGRAM, &Options::default(), |env| start(env, role));
    // ExitCode does not tell its number.
    std::process::exit(i32::from(code != ExitCode::SUCCESS));
}

async fn start(env: Env, role: String) -> anyhow::Result<Running> {
    if role == "cannot start" {
        anyhow::bail!("no port is free; choose another");
    }
    if role == "never starts" {
        say("starting");
        std::future::pending::<()>().await;
    }
    let failing = role == "fault";
    env.tasks.spawn("work", move |stop| async move {
        assert!(!failing, "told to fail");
        stop.cancelled().await;
        say("task finished");
    });
    let hangs = role == "hangs";
    let drain = move || {
        async move {
            say("draining");
            if hangs {
                std::future::pending::<()>().await;
            }
        }
        .boxed()
    };
    tracing::info_span!("span of the probe").in_scope(|| say("up"));
    Ok(Running {
        address: ([127, 0, 0, 1], 1).into(),
        drains: vec![Arc::new(drain)],
        stop: Box::new(|| async { say("stopped accepting") }.boxed()),
        ended: std::future::pending().boxed(),
    })
}

fn say(words: &str) {
    println!("PROBE {words}");
}

struct Probe {
    child: Child,
    lines: BufReader<ChildStdout>,
    _data: tempfile::TempDir,
}

impl Probe {
    fn start(role: &str, env: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "probe", "--ignored", "--nocapture"])
            .env("PROBE_ROLE", role)
            .env("RESTANTE_SERVER__DATA", data.path())
            .envs(env.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines, _data: data }
    }

    /// Reads up to a line with these words, and gives what stood before.
    fn until(&mut self, words: &str) -> String {
        let mut seen = String::new();
        loop {
            let mut line = String::new();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "no `{words}` in:\n{seen}");
            seen.push_str(&line);
            if line.contains(words) {
                return seen;
            }
        }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }

    /// The exit code, and all that was said from now on.
    fn end(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        self.lines.read_to_string(&mut said).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

#[test]
fn a_signal_ends_it_in_order() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut probe = Probe::start("serves", &[]);
        probe.until("listening");
        probe.signal(signal);
        let (code, said) = probe.end();
        assert_eq!(code, Some(0), "{said}");
        let at = |words: &str| said.find(words).unwrap_or_else(|| panic!("no `{words}`: {said}"));
        assert!(at("PROBE stopped accepting") < at("PROBE task finished"), "{said}");
        assert!(at("PROBE draining") < at("PROBE task finished"), "{said}");
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut probe = Probe::start("hangs", &[("RESTANTE_SERVER__SHUTDOWN_S", "3600")]);
    probe.until("listening");
    probe.signal(Signal::SIGTERM);
    probe.until("draining");
    probe.signal(Signal::SIGTERM);
    let (code, said) = probe.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("at once"), "{said}");
}

#[test]
fn work_that_does_not_end_is_left_after_the_limit() {
    let mut probe = Probe::start("hangs", &[("RESTANTE_SERVER__SHUTDOWN_S", "1")]);
    probe.until("listening");
    probe.signal(Signal::SIGTERM);
    let (code, said) = probe.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("not finished in time"), "{said}");
}

#[test]
fn a_task_that_fails_ends_the_process() {
    let (code, said) = Probe::start("fault", &[]).end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("the task `work` panicked"), "{said}");
    assert!(said.contains("PROBE draining"), "in order all the same: {said}");
}

#[test]
fn a_signal_during_the_start_is_heeded() {
    let mut probe = Probe::start("never starts", &[]);
    probe.until("PROBE starting");
    probe.signal(Signal::SIGTERM);
    assert_eq!(probe.end().0, Some(0));
}

#[test]
fn a_start_that_fails_says_why_in_one_line() {
    let cases = [
        ("cannot start", ("X", ""), "probe: cannot start: no port is free; choose another"),
        ("serves", ("RESTANTE_CHAT__STROE", "x"), "RESTANTE_CHAT__STROE"),
        ("serves", ("RESTANTE_KV__URL", "redis://127.0.0.1"), "RESTANTE_CHAT__STORE to mongodb://"),
        ("serves", ("RESTANTE_TELEMETRY__FILTER", "info,a=b=c"), "telemetry.filter"),
    ];
    for (role, env, remedy) in cases {
        let (code, said) = Probe::start(role, &[env]).end();
        assert_eq!(code, Some(1), "{said}");
        let line = said.lines().find(|line| line.starts_with("probe: cannot start: "));
        assert!(line.is_some_and(|line| line.contains(remedy)), "{said}");
        assert!(!said.contains("panicked") && !said.contains("Error {"), "{said}");
    }
}

#[test]
fn json_logs_are_one_object_a_line() {
    let mut probe = Probe::start("serves", &[("RESTANTE_TELEMETRY__FORMAT", "json")]);
    let seen = probe.until("listening");
    probe.signal(Signal::SIGTERM);
    assert_eq!(probe.end().0, Some(0));
    let logs: Vec<serde_json::Value> = seen
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let said = |words: &str| logs.iter().any(|log| log["fields"]["message"] == words);
    assert!(said("listening") && said("starting probe"), "{seen}");
}

#[test]
fn a_collector_that_is_away_does_not_keep_it_from_serving_or_ending() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let mut probe = Probe::start("serves", &[("RESTANTE_TELEMETRY__OTLP", &url)]);
    probe.until("listening");
    probe.signal(Signal::SIGTERM);
    let (code, said) = probe.end();
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn spans_reach_the_collector_before_the_process_ends() {
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", collector.local_addr().unwrap());
    let mut probe = Probe::start("serves", &[("RESTANTE_TELEMETRY__OTLP", &url)]);
    probe.until("listening");
    probe.signal(Signal::SIGTERM);
    // The start of a gRPC call needs no answer: the span's name is in what the client sends by itself.
    let (mut call, _) = collector.accept().unwrap();
    let mut sent = Vec::new();
    let mut chunk = [0_u8; 4_096];
    let has = |sent: &[u8], words: &[u8]| sent.windows(words.len()).any(|part| part == words);
    while !has(&sent, b"span of the probe") {
        let length = call.read(&mut chunk).unwrap();
        assert!(length > 0, "hung up after {:?}", String::from_utf8_lossy(&sent));
        sent.extend_from_slice(&chunk[..length]);
    }
    assert!(sent.starts_with(b"PRI * HTTP/2.0") && has(&sent, b"probe"), "its name goes along");
    drop((call, collector));
    assert_eq!(probe.end().0, Some(0), "a collector that hangs up is no fault");
}
