//! `/dev/mailbox`: log-in codes at hand while mail goes to a folder.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, get};
use kernel::WireError;
use web::WebError;

use super::latest::{Mail, latest};
use crate::transport::folder::Folder;

/// Mails on the page.
const SHOWN: usize = 20;
/// Seconds between two looks of an open page.
const REFRESH: u32 = 3;

/// Mounts the page.
pub(crate) fn routes(config: &mut ServiceConfig, folder: &Folder) {
    config.app_data(Data::new(folder.clone())).service(page).service(style);
}

#[get("/dev/mailbox")]
async fn page(folder: Data<Folder>) -> Result<HttpResponse, WebError> {
    let mails = latest(&folder, SHOWN).await.map_err(|error| {
        tracing::error!(%error, "the mail folder cannot be read");
        WireError::internal()
    })?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(html(&mails)))
}

#[get("/dev/mailbox.css")]
async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(include_str!("mailbox.css"))
}

fn html(mails: &[Mail]) -> String {
    let list: String = mails.iter().map(article).collect();
    let list = if list.is_empty() { "<p>No mail yet.</p>\n".to_owned() } else { list };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"refresh\" content=\"{REFRESH}\">\n\
         <title>Mailbox - Restante</title>\n<link rel=\"stylesheet\" href=\"/dev/mailbox.css\">\n</head>\n\
         <body>\n<h1>Mailbox</h1>\n\
         <p>The newest {SHOWN} mails, newest first. Set an smtp:// URL to have them delivered instead.</p>\n\
         {list}</body>\n</html>\n"
    )
}

fn article(mail: &Mail) -> String {
    format!(
        "<article>\n<h2>{}</h2>\n<p>to {}, {}</p>\n<pre>{}</pre>\n</article>\n",
        escape(&mail.subject),
        escape(&mail.to),
        escape(&mail.date),
        escape(&mail.body)
    )
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
