use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Command, FromArgMatches};
use kernel::{SystemClock, SystemRandom};
use settings::{Profile, Secrets, Settings, Shape};

use crate::lifecycle::{Signals, serve};
use crate::telemetry::Telemetry;
use crate::{Env, Measures, Running};

/// The version of all of Restante.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// How long threads may take to end once everything is done.
const THREADS_END: Duration = Duration::from_secs(1);

/// What a binary is.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// Its name, also in traces.
    pub name: &'static str,
    /// One line for `--help`.
    pub about: &'static str,
    /// What runs in it.
    pub shape: Shape,
    /// The setting that `--listen` sets, such as `user.listen`.
    pub listen: &'static str,
}

/// The command line that all binaries share.
#[derive(Debug, Clone, Default, Args)]
pub struct Options {
    /// Configuration file, over the built-in defaults and under the environment
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address and port to listen on; port 0 takes any that is free
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// Folder for the database, mail and keys of the embedded profile
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<String>,
}

/// Checked settings and the keys that go with them.
#[derive(Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// Which of the two profiles they make.
    pub profile: Profile,
    /// The keys; made now if this is the first start of the embedded profile.
    pub secrets: Secrets,
}

/// Loads the settings from the file, the environment and the command line, and checks them.
pub fn load(program: &Program, options: &Options) -> anyhow::Result<Loaded> {
    let listen = options.listen.clone().map(|listen| (program.listen, listen));
    let data = options.data.clone().map(|data| ("server.data", data));
    let overrides: Vec<_> = listen.into_iter().chain(data).collect();
    // A variable that is not UTF-8 is none of ours.
    let env = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let settings = Settings::load(options.config.as_deref(), env, &overrides)?;
    let profile = settings.check(program.shape)?;
    let secrets = settings.secrets(profile, &SystemRandom)?;
    Ok(Loaded { settings, profile, secrets })
}

/// The whole of a service's `main`: reads the command line, then does what [`run`] does.
pub fn main<F>(program: &Program, start: impl FnOnce(Env) -> F) -> ExitCode
where
    F: Future<Output = anyhow::Result<Running>>,
{
    let command = Command::new(program.name).about(program.about).version(VERSION);
    let matches = Options::augment_args(command).get_matches();
    match Options::from_arg_matches(&matches) {
        Ok(options) => run(program, &options, start),
        Err(error) => error.exit(),
    }
}

/// Loads the settings, starts telemetry, calls `start`, and serves until told to stop. Exit code 0 after an orderly end; a
/// start that fails prints one line with the remedy.
pub fn run<F>(program: &Program, options: &Options, start: impl FnOnce(Env) -> F) -> ExitCode
where
    F: Future<Output = anyhow::Result<Running>>,
{
    match try_run(program, options, start) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{}: cannot start: {error:#}", program.name);
            ExitCode::FAILURE
        }
    }
}

fn try_run<F>(
    program: &Program,
    options: &Options,
    start: impl FnOnce(Env) -> F,
) -> anyhow::Result<ExitCode>
where
    F: Future<Output = anyhow::Result<Running>>,
{
    // Fails if one is installed already, which serves as well.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let loaded = load(program, options)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("threads cannot be started")?;
    let code = runtime.block_on(live(program, loaded, start));
    runtime.shutdown_timeout(THREADS_END);
    code
}

async fn live<F>(
    program: &Program,
    loaded: Loaded,
    start: impl FnOnce(Env) -> F,
) -> anyhow::Result<ExitCode>
where
    F: Future<Output = anyhow::Result<Running>>,
{
    let telemetry = Telemetry::install(program.name, &loaded.settings.telemetry)?;
    let clock = Arc::new(SystemClock::default());
    let mut env = Env::new(loaded.settings, loaded.secrets, clock, Arc::new(SystemRandom));
    env.measures = Measures::install(&env.tasks).context("metrics are installed already")?;
    let mut signals = Signals::new()?;
    tracing::info!(version = VERSION, profile = ?loaded.profile, "starting {}", program.name);
    let code = match signals.or(start(env.clone())).await {
        None => ExitCode::SUCCESS,
        Some(Err(error)) => {
            telemetry.flush().await;
            return Err(error);
        }
        Some(Ok(running)) => {
            tracing::info!(address = %running.address, "listening");
            serve(&env, running, &mut signals).await
        }
    };
    telemetry.flush().await;
    Ok(code)
}
