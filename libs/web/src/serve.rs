use std::sync::Arc;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::Context;
use auth::Gate;
use futures::FutureExt;
use kernel::{ErrorCode, WireError};
use runtime::{Env, HealthStatus, Parts, Running, check_all};
use utoipa::openapi::OpenApi;

use crate::origin::OriginRule;
use crate::site::Site;
use crate::{WebError, body, docs, observe, origin};

/// An idle connection is kept this long.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// A connection whose client takes nothing of what was sent ends after this.
const UNREAD: Duration = Duration::from_secs(30);
/// A request's head must arrive within this.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// The services of a process behind one listener.
#[derive(Debug)]
pub struct Server {
    /// What the process gave to its services.
    pub env: Env,
    /// `HOST:PORT`; port 0 takes any that is free.
    pub listen: String,
    /// The title of the API's description.
    pub title: &'static str,
    /// What the services handed over.
    pub parts: Vec<Parts>,
    /// Checks tokens. Without one, handlers that take a [`crate::Caller`] refuse everybody.
    pub gate: Option<Arc<Gate>>,
}

/// Starts to listen and serve. Call it inside the async runtime. Beside the routes of the parts there are `/health/live`,
/// `/health/ready`, `/metrics`, `/openapi.json` and `/docs`.
pub fn serve(server: Server) -> anyhow::Result<Running> {
    let settings = &server.env.settings;
    let openapi = docs::openapi(server.title, &server.parts);
    let drains = server.parts.iter().flat_map(|part| part.drains.clone()).collect();
    let workers = settings.server.workers;
    let shutdown_s = settings.server.shutdown_s;
    let site = Arc::new(site(&server));
    let parts = server.parts;
    let http = HttpServer::new(move || {
        App::new()
            .app_data(Data::from(Arc::clone(&site)))
            .wrap(from_fn(body::read_first))
            .wrap(from_fn(origin::share))
            .wrap(from_fn(observe::observe))
            .configure(|config| routes(config, &parts, &openapi))
            .default_service(web::to(nothing_here))
    })
    // Small frames must not wait for the client's word on the one before.
    .tcp_nodelay(true)
    // A long-polling client that gives its request up is to be noticed before it asks again.
    .h1_allow_half_closed(false)
    .on_connect(|connection, data| socketio::on_connect(connection, data, UNREAD))
    .disable_signals()
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(HEAD_TIMEOUT)
    .shutdown_timeout(shutdown_s);
    let http = if workers == 0 { http } else { http.workers(workers) };
    let http = http.bind(&server.listen).with_context(|| {
        format!("cannot listen on {}; choose another address with --listen", server.listen)
    })?;
    let address = http.addrs().first().copied().context("no address to listen on")?;
    let running = http.run();
    let handle = running.handle();
    let ended = tokio::spawn(running).map(|end| match end {
        Ok(Ok(())) => "the HTTP server ended".to_owned(),
        Ok(Err(error)) => format!("the HTTP server failed: {error}"),
        Err(_) => "the HTTP server panicked".to_owned(),
    });
    Ok(Running {
        address,
        drains,
        stop: Box::new(move || handle.stop(true).boxed()),
        ended: ended.boxed(),
    })
}

fn site(server: &Server) -> Site {
    let settings = &server.env.settings;
    Site {
        clock: Arc::clone(&server.env.clock),
        random: Arc::clone(&server.env.random),
        gate: server.gate.clone(),
        checks: server.parts.iter().flat_map(|part| part.checks.clone()).collect(),
        measures: server.env.measures.clone(),
        origins: OriginRule::new(settings),
        trusted_proxies: settings.server.trusted_proxies.clone(),
        body_limit: settings.server.body_limit_bytes,
    }
}

fn routes(config: &mut ServiceConfig, parts: &[Parts], openapi: &OpenApi) {
    config
        .route("/health/live", web::get().to(live))
        .route("/health/ready", web::get().to(ready))
        .route("/metrics", web::get().to(measures));
    docs::configure(config, openapi.clone());
    for part in parts {
        (part.routes)(config);
    }
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": HealthStatus::Ok }))
}

async fn ready(site: Data<Site>) -> HttpResponse {
    let health = check_all(&site.checks).await;
    if health.status == HealthStatus::Unavailable {
        return HttpResponse::ServiceUnavailable().json(health);
    }
    HttpResponse::Ok().json(health)
}

async fn measures(site: Data<Site>) -> HttpResponse {
    let text = "text/plain; version=0.0.4; charset=utf-8";
    HttpResponse::Ok().content_type(text).body(site.measures.render())
}

async fn nothing_here() -> Result<HttpResponse, WebError> {
    Err(WebError(WireError::new(ErrorCode::NotFound, "no such path or method")))
}
