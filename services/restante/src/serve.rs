//! Puts the three services into one process. Adds nothing else.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bus::{Bus, Place};
use contracts::events::TOPOLOGY;
use kv::Kv;
use runtime::{Env, Parts, Running};
use settings::Settings;

use crate::{http, openapi};

/// Starts user, mail and chat on one listener, and says where.
pub(crate) async fn serve(env: Env) -> anyhow::Result<Running> {
    let settings = Arc::clone(&env.settings);
    let (kv, bus) = connect(&env).await?;
    let remotes = restante_user::Remotes { kv: Arc::clone(&kv), bus: Arc::clone(&bus) };
    let user = restante_user::start(&env, remotes).await?;
    let mail = restante_mail::start(&env, Arc::clone(&bus)).await?;
    let fanout = &settings.fanout;
    let fanout = fanout::open(fanout.url.as_str(), &fanout.namespace, fanout.queue);
    let remotes = restante_chat::Remotes {
        directory: user.directory,
        kv,
        bus,
        fanout: fanout.await.context("fanout.url")?,
    };
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

async fn connect(env: &Env) -> anyhow::Result<(Arc<dyn Kv>, Arc<dyn Bus>)> {
    let (kv, bus) = (&env.settings.kv, &env.settings.bus);
    let clock = || Arc::clone(&env.clock);
    let place = Place {
        url: bus.url.as_str(),
        namespace: &bus.namespace,
        topology: &TOPOLOGY,
        confirm_timeout: Duration::from_millis(bus.confirm_timeout_ms),
    };
    let kv = kv::open(kv.url.as_str(), &kv.namespace, &env.databases, clock());
    let bus = bus::open(place, &env.databases, clock());
    Ok((kv.await.context("kv.url")?, bus.await.context("bus.url")?))
}

/// For the person who started it, whatever the log's filter is.
fn greet(settings: &Settings, running: &Running) {
    let url = format!("http://{}", running.address);
    let mail = match settings.mail.url.scheme() {
        "folder" => format!("{} (shown at {url}/dev/mailbox)", settings.mail.url.path()),
        _ => "the SMTP server of mail.url".to_owned(),
    };
    eprintln!("\n  Restante is running at {url}\n");
    eprintln!("    data  {}", settings.server.data.display());
    eprintln!("    mail  {mail}");
    eprintln!("    API   {url}/docs/\n");
}
