use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, Result};

use super::Part;
use super::layout::{Plan, Ports, http};
use crate::{Process, folders, install};

/// What operators include to hand out the web client; see `web/README.md`.
const CLIENT: [(&str, &str); 3] = [
    ("http.conf", include_str!("../../../../web/nginx/http.conf")),
    ("server.conf", include_str!("../../../../web/nginx/server.conf")),
    ("answer.conf", include_str!("../../../../web/nginx/answer.conf")),
];
const CONFIG: &str = include_str!("../../nginx/nginx.conf");
const ROUTES: &str = include_str!("../../nginx/routes.conf");

/// The gateway of the split shape before servers that are not a stack's, so that they can be measured behind the same. It ends
/// when this is dropped.
#[derive(Debug)]
pub struct Gateway {
    /// Where clients go.
    pub base: String,
    /// The same with one server behind each.
    pub instances: Vec<String>,
    part: Part,
}

impl Gateway {
    /// Starts it in the folder, before these ports; what the user service answers in a stack is answered by the first.
    pub async fn start(dir: &Path, servers: &[u16]) -> Result<Self> {
        let user = *servers.first().context("a gateway to nothing")?;
        let mut ports = Ports::free(servers.len())?;
        (ports.user, ports.chats) = (user, servers.to_vec());
        fs::create_dir_all(dir)?;
        let dir = dir.canonicalize()?;
        let (name, part) = Part::planned(plan(&dir, &ports).await?, &dir);
        let gateway = Self {
            base: http(ports.gateway),
            instances: ports.instances.iter().copied().map(http).collect(),
            part: part.launch(&dir)?,
        };
        gateway.part.ready(&name).await?;
        Ok(gateway)
    }

    /// The process that the others are children of.
    pub const fn process(&self) -> Process {
        self.part.process
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.part.process.kill_now();
    }
}

/// Writes the gateway's configuration and says how to start it.
pub(super) async fn plan(dir: &Path, ports: &Ports) -> Result<Plan> {
    let program = install::nginx().await?;
    let folder = dir.join("nginx");
    fs::create_dir_all(&folder)?;
    // Workers of root would become another user, who may not enter the stack's folder.
    let user = if fs::metadata("/proc/self")?.uid() == 0 { "user root;" } else { "" };
    let config = CONFIG
        .replace("{{user}}", user)
        .replace("{{holders}}", &each(&ports.chats, holder))
        .replace("{{chat_servers}}", &each(&ports.chats, |_, port| server(port)))
        .replace("{{chat_upstreams}}", &each(&ports.chats, upstream))
        .replace("{{pinned_servers}}", &each(&ports.instances, pinned));
    let config = with_client(&folder, &config)?
        .replace("{{folder}}", &folder.display().to_string())
        .replace("{{gateway_port}}", &ports.gateway.to_string())
        .replace("{{user_port}}", &ports.user.to_string());
    let file = folder.join("nginx.conf");
    fs::write(&file, config)?;
    fs::write(folder.join("routes.conf"), ROUTES)?;
    let text = |path: &Path| path.display().to_string();
    Ok(Plan {
        name: "nginx".to_owned(),
        program,
        args: vec![
            "-p".into(),
            text(&folder),
            "-e".into(),
            "stderr".into(),
            "-c".into(),
            text(&file),
        ],
        env: [("TZ".to_owned(), "UTC".to_owned())].into(),
        health: format!("{}/health/live", http(ports.gateway)),
    })
}

/// What `of` says of every instance, by its number from 1 and its port.
fn each(ports: &[u16], of: impl Fn(usize, u16) -> String) -> String {
    let lines: Vec<String> = (1..).zip(ports).map(|(number, port)| of(number, *port)).collect();
    lines.join("\n")
}

fn holder(number: usize, _: u16) -> String {
    format!("        \"~\\.{number}$\" chat-{number};")
}

fn server(port: u16) -> String {
    format!("        server 127.0.0.1:{port} max_fails=0;")
}

fn upstream(number: usize, port: u16) -> String {
    format!("    upstream chat-{number} {{\n{}\n        keepalive 64;\n    }}", server(port))
}

fn pinned(number: usize, port: u16) -> String {
    [
        "    server {".to_owned(),
        format!("        listen 127.0.0.1:{port};"),
        format!("        set $chat chat-{number};"),
        "        {{client_root}}".to_owned(),
        "        include {{folder}}/routes.conf;".to_owned(),
        "        {{client_server}}".to_owned(),
        "    }".to_owned(),
    ]
    .join("\n")
}

/// The configuration with the web client, if it was built.
fn with_client(folder: &Path, config: &str) -> Result<String> {
    let built = folders::workspace().join("web/out");
    let [http, root, server] = if built.join("index.html").is_file() {
        let client = folder.join("client");
        fs::create_dir_all(&client)?;
        for (name, text) in CLIENT {
            fs::write(client.join(name), text)?;
        }
        [
            "include client/http.conf;".to_owned(),
            format!("root {};", built.display()),
            "include client/server.conf;".to_owned(),
        ]
    } else {
        [String::new(), String::new(), "location / { return 404; }".to_owned()]
    };
    Ok(config
        .replace("{{client_http}}", &http)
        .replace("{{client_root}}", &root)
        .replace("{{client_server}}", &server))
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::process::{Life, Process};
    use crate::stack::health;
    use crate::wait;

    /// A gateway with nothing behind it, in a folder that goes with it.
    struct Alone {
        ports: Ports,
        process: Process,
        folder: tempfile::TempDir,
    }

    impl Alone {
        async fn start() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let ports = Ports::free(2).unwrap();
            let plan = plan(folder.path(), &ports).await.unwrap();
            let mut command = Command::new(plan.program);
            command.args(plan.args).envs(plan.env);
            let log = folder.path().join("log");
            let process = Process::start(command, &log, Life::WithStarter).unwrap();
            let up = || async { health::is_ok(&plan.health).await.then_some(()) };
            wait::until(Duration::from_secs(10), up).await.unwrap();
            Self { ports, process, folder }
        }

        async fn ask(&self, port: u16, request: &str) -> String {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let head = format!("{request}\r\nHost: gateway\r\nConnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        }
    }

    impl Drop for Alone {
        fn drop(&mut self) {
            self.process.kill_now();
        }
    }

    fn assert_envelope(answer: &str, status: &str, code: &str) {
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        assert!(head.contains("Content-Type: application/json"), "{answer}");
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        let error = &body["error"];
        assert_eq!(error["code"], code, "{answer}");
        let id = error["requestId"].as_str().unwrap();
        assert!(!id.is_empty() && head.contains(&format!("X-Request-Id: {id}")), "{answer}");
        let timestamp = error["timestamp"].as_str().unwrap();
        assert!(timestamp.len() == 24 && timestamp.rfind('Z') == Some(23), "{answer}");
        assert!(error["details"].is_array() && error["message"].is_string(), "{answer}");
    }

    #[tokio::test]
    async fn its_own_errors_carry_the_envelope() {
        let gateway = Alone::start().await;
        let port = gateway.ports.gateway;
        let cases = [
            ("GET /nothing HTTP/1.1", "404", "NOT_FOUND"),
            ("GET /api/v1/userspace HTTP/1.1", "404", "NOT_FOUND"),
            ("GET /api/v1/users/me HTTP/1.1", "503", "SERVICE_UNAVAILABLE"),
            ("POST /api/v1/conversations HTTP/1.1", "503", "SERVICE_UNAVAILABLE"),
            ("GET /socket.io/?EIO=4&transport=websocket HTTP/1.1", "503", "SERVICE_UNAVAILABLE"),
            ("POST /api/v1/sync HTTP/1.1\r\nContent-Length: 2200000", "413", "PAYLOAD_TOO_LARGE"),
        ];
        for (request, status, code) in cases {
            assert_envelope(&gateway.ask(port, request).await, status, code);
        }
        let long = format!("GET /{} HTTP/1.1", "a".repeat(20_000));
        assert_envelope(&gateway.ask(port, &long).await, "400", "VALIDATION_ERROR");
        assert!(gateway.folder.path().join("nginx/access.log").exists());
    }

    #[tokio::test]
    async fn a_harmless_request_id_is_taken_and_another_is_not() {
        let gateway = Alone::start().await;
        let port = gateway.ports.gateway;
        let taken = gateway.ask(port, "GET /x HTTP/1.1\r\nX-Request-Id: letter-17").await;
        assert!(taken.contains("\"requestId\":\"letter-17\""), "{taken}");
        let made = gateway.ask(port, "GET /x HTTP/1.1\r\nX-Request-Id: a\",\"b\":\"").await;
        assert_envelope(&made, "404", "NOT_FOUND");
    }

    #[tokio::test]
    async fn each_listener_reaches_its_instance_and_users_are_everywhere() {
        let gateway = Alone::start().await;
        let (first, second) = (gateway.ports.instances[0], gateway.ports.instances[1]);
        let cases = [
            (first, "/api/v1/conversations/1/messages", gateway.ports.chats[0]),
            (second, "/api/v1/sync", gateway.ports.chats[1]),
            (second, "/socket.io/?EIO=4", gateway.ports.chats[1]),
            (first, "/api/v1/users?q=ad", gateway.ports.user),
            (second, "/.well-known/jwks.json", gateway.ports.user),
        ];
        for (port, path, expected) in cases {
            let service = TcpListener::bind(("127.0.0.1", expected)).await.unwrap();
            let request = format!("GET {path} HTTP/1.1\r\ntraceparent: 00-aa-bb-01");
            let serve = async {
                let (mut stream, _) = service.accept().await.unwrap();
                let mut heard = vec![0_u8; 4_096];
                let length = stream.read(&mut heard).await.unwrap();
                let words =
                    b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmine";
                stream.write_all(words).await.unwrap();
                String::from_utf8_lossy(&heard[..length]).into_owned()
            };
            let (heard, answer) = tokio::join!(serve, gateway.ask(port, &request));
            assert!(heard.starts_with(&format!("GET {path} ")), "{heard}");
            for header in
                ["X-Forwarded-For: 127.0.0.1", "X-Request-Id: ", "traceparent: 00-aa-bb-01"]
            {
                assert!(heard.contains(header), "{header} in {heard}");
            }
            assert!(
                answer.ends_with("\r\n\r\nmine"),
                "a service's own error passes unchanged: {answer}"
            );
        }
    }
}
