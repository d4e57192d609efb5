//! What runs in each shape, with which settings.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::{Random, SystemRandom};

use super::{Options, Shape, Stack, Store, gateway};
use crate::servers::{Kind, Services, Smtp};
use crate::{folders, names, ports};

/// One process to start.
pub(super) struct Plan {
    pub(super) name: String,
    pub(super) program: PathBuf,
    pub(super) args: Vec<String>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) health: String,
}

/// The ports of the split shape.
pub(super) struct Ports {
    pub(super) gateway: u16,
    pub(super) instances: Vec<u16>,
    pub(super) user: u16,
    pub(super) chats: Vec<u16>,
    mail: u16,
    user_grpc: u16,
    chats_grpc: Vec<u16>,
}

impl Ports {
    pub(super) fn free(chats: usize) -> Result<Self> {
        let mut ports = ports::free(4 + 3 * chats)?;
        let mut some = |count: usize| ports.split_off(ports.len() - count);
        let (instances, chat, grpc) = (some(chats), some(chats), some(chats));
        let ports: [u16; 4] = ports.as_slice().try_into()?;
        let [gateway, user, mail, user_grpc] = ports;
        Ok(Self { gateway, instances, user, chats: chat, mail, user_grpc, chats_grpc: grpc })
    }
}

pub(super) fn http(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn listen(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

/// An empty stack of that shape, and what it consists of, in the order of starting.
pub(super) async fn plan(options: &Options) -> Result<(Stack, Vec<Plan>)> {
    let (stack, mut plans) = match options.shape {
        Shape::Single => single(options)?,
        Shape::Split => split(options).await?,
    };
    for plan in &mut plans {
        plan.env.extend(options.env.clone());
    }
    Ok((stack, plans))
}

fn single(options: &Options) -> Result<(Stack, Vec<Plan>)> {
    let data = options.dir.join("data");
    let port = ports::free(1)?.first().copied().unwrap_or_default();
    let args = ["serve", "--listen", &listen(port), "--data", &data.display().to_string()];
    let plan = Plan {
        name: "restante".to_owned(),
        program: program(options, "restante")?,
        args: args.map(str::to_owned).to_vec(),
        env: environment(&[("TELEMETRY__FORMAT", "json"), ("SERVER__SHUTDOWN_S", "10")]),
        health: format!("{}/health/ready", http(port)),
    };
    let stack = Stack {
        shape: Shape::Single,
        base: http(port),
        instances: vec![http(port)],
        mail: data.join("mail"),
        store: Store::Sqlite { path: data.join("restante.db") },
        data: Some(data),
        redis: None,
        amqp: None,
        own_services: false,
        processes: BTreeMap::new(),
        env: options.env.clone(),
    };
    Ok((stack, vec![plan]))
}

/// What the services of the split shape share.
struct Shared {
    name: String,
    mongo: String,
    redis: String,
    amqp: String,
    smtp: Smtp,
    seal_key: String,
}

impl Shared {
    async fn start(options: &Options) -> Result<Self> {
        let services = if options.own_services {
            Services::in_folder(options.dir.join("services"))
        } else {
            Services::default()
        };
        Ok(Self {
            name: names::unique("stack"),
            mongo: services.get(Kind::Mongo).await?.url,
            redis: services.get(Kind::Redis).await?.url,
            amqp: services.get(Kind::Rabbit).await?.url,
            smtp: services.smtp().await?,
            seal_key: secret(),
        })
    }

    fn database(&self, service: &str) -> String {
        self.mongo.replace("/?", &format!("/{}_{service}?", self.name))
    }

    fn environment(&self, own: &[(&str, &str)]) -> BTreeMap<String, String> {
        let mut environment = environment(&[
            ("TELEMETRY__FORMAT", "json"),
            ("SERVER__SHUTDOWN_S", "10"),
            ("KV__URL", &self.redis),
            ("KV__NAMESPACE", &self.name),
            ("FANOUT__URL", &self.redis),
            ("FANOUT__NAMESPACE", &self.name),
            ("BUS__URL", &self.amqp),
            ("BUS__NAMESPACE", &self.name),
            ("BLOBS__URL", "s3://restante"),
        ]);
        environment.extend(self::environment(own));
        environment
    }
}

async fn split(options: &Options) -> Result<(Stack, Vec<Plan>)> {
    ensure!(options.chats > 0, "a stack has at least one chat instance");
    let ports = Ports::free(options.chats)?;
    let shared = Shared::start(options).await?;
    let mut plans = vec![user(options, &ports, &shared)?];
    let digest_key = secret();
    for number in 0..ports.chats.len() {
        plans.push(chat(options, &ports, &shared, (number, &digest_key))?);
    }
    plans.push(mail(options, &ports, &shared)?);
    plans.push(gateway::plan(&options.dir, &ports).await?);
    let stack = Stack {
        shape: Shape::Split,
        base: http(ports.gateway),
        instances: ports.instances.iter().copied().map(http).collect(),
        mail: shared.smtp.mail.clone(),
        store: Store::Mongodb { url: shared.database("chat") },
        data: None,
        redis: Some(shared.redis.clone()),
        amqp: Some(shared.amqp.clone()),
        own_services: options.own_services,
        processes: BTreeMap::new(),
        env: options.env.clone(),
    };
    Ok((stack, plans))
}

fn user(options: &Options, ports: &Ports, shared: &Shared) -> Result<Plan> {
    let environment = shared.environment(&[
        ("USER__LISTEN", &listen(ports.user)),
        ("USER__GRPC", &listen(ports.user_grpc)),
        ("USER__STORE", &shared.database("user")),
        ("TOKENS__SIGNING_KEY", &secret()),
        ("TOKENS__PEPPER", &secret()),
        ("TOKENS__SEAL_KEY", &shared.seal_key),
    ]);
    service(options, ("user", "restante-user"), ports.user, environment)
}

/// `instance` is its number from 0 and the key that all instances share.
fn chat(
    options: &Options,
    ports: &Ports,
    shared: &Shared,
    instance: (usize, &str),
) -> Result<Plan> {
    let (number, digest_key) = instance;
    let environment = shared.environment(&[
        ("CHAT__LISTEN", &listen(ports.chats[number])),
        ("CHAT__GRPC", &listen(ports.chats_grpc[number])),
        ("CHAT__STORE", &shared.database("chat")),
        ("CHAT__USER_SERVICE", &http(ports.user_grpc)),
        ("TOKENS__DIGEST_KEY", digest_key),
        // The gateway knows the instances by these names.
        ("CHAT__SOCKETS__INSTANCE", &(number + 1).to_string()),
    ]);
    let name = format!("chat-{}", number + 1);
    service(options, (&name, "restante-chat"), ports.chats[number], environment)
}

fn mail(options: &Options, ports: &Ports, shared: &Shared) -> Result<Plan> {
    let environment = shared.environment(&[
        ("MAIL__LISTEN", &listen(ports.mail)),
        ("MAIL__URL", &shared.smtp.url),
        ("TOKENS__SEAL_KEY", &shared.seal_key),
    ]);
    service(options, ("mail", "restante-mail"), ports.mail, environment)
}

/// `names` are those of the process and of its program.
fn service(
    options: &Options,
    names: (&str, &str),
    port: u16,
    env: BTreeMap<String, String>,
) -> Result<Plan> {
    let health = format!("{}/health/ready", http(port));
    let (name, program) = (names.0.to_owned(), program(options, names.1)?);
    Ok(Plan { name, program, args: Vec::new(), env, health })
}

fn environment(settings: &[(&str, &str)]) -> BTreeMap<String, String> {
    let variables =
        settings.iter().map(|(key, value)| (format!("RESTANTE_{key}"), (*value).to_owned()));
    variables.collect()
}

fn secret() -> String {
    let mut bytes = [0_u8; 32];
    SystemRandom.fill(&mut bytes);
    STANDARD.encode(bytes)
}

fn program(options: &Options, name: &str) -> Result<PathBuf> {
    let (kind, flag) = if options.release { ("release", " --release") } else { ("debug", "") };
    let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| folders::workspace().join("target"));
    let path = folders::workspace().join(target).join(kind).join(name);
    ensure!(path.is_file(), "{} is missing; run: cargo build{flag} -p {name}", shown(&path));
    Ok(path)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
