//! Puts the service together. The only place that picks adapters.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use auth::Sealer;
use bus::Bus;
use contracts::events::{SEND_OTP, TOPOLOGY};
use runtime::{Check, Env, Parts, Running};
use settings::Environment;
use web::Server;

use crate::mailbox;
use crate::otp::queue;
use crate::otp::send::Mailer;
use crate::transport::folder::Folder;
use crate::transport::smtp::Smtp;
use crate::transport::store::Transport;

/// Mails on their way at once, so that one slow delivery does not keep everybody waiting.
const CONSUMERS: usize = 4;

/// How mail leaves, and the folder it goes to if it is one.
struct Way {
    transport: Arc<dyn Transport>,
    folder: Option<Folder>,
}

/// Starts the service: takes codes from the bus from now on, and says what to mount. `/dev/mailbox` is there only in
/// development, while mail goes to a folder, and only for this machine: it shows everybody's codes.
pub async fn start(env: &Env, bus: Arc<dyn Bus>) -> anyhow::Result<Parts> {
    let way = open(env).await.context("mail.url")?;
    let mailer = Arc::new(mailer(env, &way)?);
    for _ in 0..CONSUMERS {
        let consumer = bus.consume(SEND_OTP, 1).await.context("bus.url")?;
        let mailer = Arc::clone(&mailer);
        env.tasks.spawn("mail", |stop| queue::consume(mailer, consumer, stop));
    }
    let settings = &env.settings;
    let development = settings.server.environment == Environment::Development;
    let here = is_loopback(&settings.server.listen) && is_loopback(&settings.mail.listen);
    let shown = way.folder.filter(|_| development && here);
    Ok(Parts {
        routes: Arc::new(move |config| {
            if let Some(folder) = &shown {
                mailbox::http::routes(config, folder);
            }
        }),
        checks: checks(bus, way.transport),
        ..Parts::default()
    })
}

/// Whether only this machine reaches an address to listen on.
fn is_loopback(listen: &str) -> bool {
    let host = listen.rsplit_once(':').map_or(listen, |(host, _)| host);
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

/// Starts the service as a process of its own.
pub async fn serve(env: Env) -> anyhow::Result<Running> {
    let bus = bus::open(&env.settings.bus, &TOPOLOGY, &env.databases, Arc::clone(&env.clock));
    let bus = bus.await.context("bus.url")?;
    let parts = vec![start(&env, bus).await?];
    let listen = env.settings.mail.listen.clone();
    web::serve(Server { env, listen, title: "Restante: mail", parts, gate: None })
}

async fn open(env: &Env) -> anyhow::Result<Way> {
    let mail = &env.settings.mail;
    let deadline = Duration::from_millis(mail.timeout_ms);
    match mail.url.scheme() {
        "folder" => {
            let folder = Folder::open(Path::new(mail.url.path()), deadline).await?;
            tracing::info!(folder = mail.url.path(), "mail goes to a folder");
            Ok(Way { transport: Arc::new(folder.clone()), folder: Some(folder) })
        }
        scheme @ ("smtp" | "smtps") => {
            let url = mail.url.as_str();
            if scheme == "smtp" && url.contains('@') && !url.contains("tls=required") {
                tracing::warn!(
                    "the mail server's password goes over the network in the clear; use smtps:// or add ?tls=required"
                );
            }
            Ok(Way { transport: Arc::new(Smtp::new(url, deadline)?), folder: None })
        }
        other => bail!("{other}: is no way for mail; use folder:PATH or smtp://host:port"),
    }
}

fn mailer(env: &Env, way: &Way) -> anyhow::Result<Mailer> {
    let key = env.secrets.seal_key.context(
        "tokens.seal_key is not set; give this service the one that the user service has",
    )?;
    let from = env.settings.mail.from.parse();
    Ok(Mailer {
        transport: Arc::clone(&way.transport),
        sealer: Sealer::new(key).context("tokens.seal_key")?,
        from: from.context("mail.from must be like Restante <restante@example.org>")?,
        clock: Arc::clone(&env.clock),
    })
}

fn checks(bus: Arc<dyn Bus>, transport: Arc<dyn Transport>) -> Vec<Check> {
    vec![
        Check::new("bus", true, move || {
            let bus = Arc::clone(&bus);
            async move { bus.ping().await.map_err(|error| error.to_string()) }
        }),
        Check::new("mail", false, move || {
            let transport = Arc::clone(&transport);
            async move { transport.ping().await.map_err(|error| error.to_string()) }
        }),
    ]
}
