use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::web::Data;
use auth::Gate;
use ipnet::IpNet;
use kernel::{Clock, Random, WireError};
use runtime::{Check, Measures};

use crate::WebError;
use crate::origin::OriginRule;

/// What all requests of a listener share.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) gate: Option<Arc<Gate>>,
    pub(crate) checks: Vec<Check>,
    pub(crate) measures: Measures,
    pub(crate) origins: OriginRule,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) body_limit: usize,
}

/// The site that serves this request. Present in every application that [`crate::serve()`] builds.
pub(crate) fn site(request: &HttpRequest) -> Result<Data<Site>, WebError> {
    request.app_data::<Data<Site>>().cloned().ok_or_else(|| {
        tracing::error!("an extractor is used outside of web::serve");
        WebError(WireError::internal())
    })
}
