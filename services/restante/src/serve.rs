//! Puts the three services into one process. Adds nothing else.

use std::sync::Arc;

use anyhow::Context;
use contracts::events::TOPOLOGY;
use runtime::{Env, Parts, Running};
use settings::Settings;

use crate::{http, openapi};

/// Starts user, mail and chat on one listener, and says where.
pub(crate) async fn serve(env: Env) -> anyhow::Result<Running> {
    let settings = Arc::clone(&env.settings);
    let (databases, clock) = (&env.databases, || Arc::clone(&env.clock));
    let kv = kv::open(&settings.kv, databases, clock()).await.context("kv.url")?;
    let bus = bus::open(&settings.bus, &TOPOLOGY, databases, clock()).await.context("bus.url")?;
    let fanout = fanout::open(&settings.fanout).await.context("fanout.url")?;
    let remotes = restante_user::Remotes { kv: Arc::clone(&kv), bus: Arc::clone(&bus) };
    let user = restante_user::start(&env, remotes).await?;
    let mail = restante_mail::start(&env, Arc::clone(&bus)).await?;
    let remotes = restante_chat::Remotes { directory: user.directory, kv, fanout, bus };
    let chat = restante_chat::start(&env, remotes).await?;
    let home = Parts { routes: Arc::new(http::routes), ..Parts::default() };
    let running = web::serve(web::Server {
        listen: settings.server.listen.clone(),
        title: openapi::TITLE,
        parts: vec![user.parts, mail, chat.parts, home],
        gate: Some(chat.gate),
        env,
    })?;
    greet(&settings, &running);
    Ok(running)
}

/// For the person who started it, whatever the log's filter is.
fn greet(settings: &Settings, running: &Running) {
    let url = format!("http://{}", running.address);
    let mail = match settings.mail.url.scheme() {
        "folder" if running.address.ip().is_loopback() => {
            format!("{} (shown at {url}/dev/mailbox)", settings.mail.url.path())
        }
        "folder" => settings.mail.url.path().to_owned(),
        _ => "the SMTP server of mail.url".to_owned(),
    };
    eprintln!("\n  Restante is running at {url}\n");
    eprintln!("    data  {}", settings.server.data.display());
    eprintln!("    mail  {mail}");
    eprintln!("    API   {url}/docs/\n");
}
