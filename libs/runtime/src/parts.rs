use std::fmt;
use std::future::Future;
use std::sync::Arc;

use actix_web::web::ServiceConfig;
use futures::FutureExt;
use futures::future::BoxFuture;
use utoipa::openapi::OpenApi;

/// Adds a service's routes to a worker's application. Called once for each worker.
pub type Routes = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// Ends what would otherwise go on, such as open sockets. Runs while accepted requests are still answered.
pub type Drain = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// What a started service hands to the process that it runs in.
#[derive(Clone)]
pub struct Parts {
    /// Its HTTP routes.
    pub routes: Routes,
    /// Its dependencies.
    pub checks: Vec<Check>,
    /// What has to be ended before the process can.
    pub drains: Vec<Drain>,
    /// Its page of the API's description.
    pub openapi: Option<OpenApi>,
}

impl Default for Parts {
    /// No routes, nothing to check, nothing to end.
    fn default() -> Self {
        Self { routes: Arc::new(|_| {}), checks: Vec::new(), drains: Vec::new(), openapi: None }
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("checks", &self.checks).finish_non_exhaustive()
    }
}

/// Whether one dependency works.
#[derive(Clone)]
pub struct Check {
    /// Its name in `/health/ready`: `store`, `kv`, `bus`, `fanout`.
    pub name: &'static str,
    /// Whether the process can serve nobody without it. A check that is not critical makes it `degraded` at worst.
    pub critical: bool,
    /// Answers with what is wrong; the text goes to the log.
    pub run: Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>,
}

impl Check {
    /// A check by a function, such as `|| kv.ping()` with its error as text.
    pub fn new<F, R>(name: &'static str, critical: bool, run: R) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
        R: Fn() -> F + Send + Sync + 'static,
    {
        Self { name, critical, run: Arc::new(move || run().boxed()) }
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
