//! Makes every device begin anew, after an older copy of the store was put back.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::ensure;
use kernel::{SystemClock, SystemRandom};
use restante_chat::Survey;
use runtime::Env;
use settings::{Secrets, Settings};

/// Conversations between two lines that tell how far it is.
const TELL: u64 = 10_000;

/// Does it on the store of the settings, and says what it does and what to do next.
pub(super) async fn run(
    settings: Settings,
    dry_run: bool,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    // Fails if one is installed already, which serves as well.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let store = &settings.chat.store;
    let file = Path::new(store.path());
    ensure!(
        store.scheme() != "sqlite" || file.exists(),
        "{} is not there; put the copy back first, or name its folder with --data",
        file.display()
    );
    writeln!(out, "chat.store: {}", shown(&settings))?;
    let clock = Arc::new(SystemClock::default());
    let env = Env::new(settings, Secrets::default(), clock, Arc::new(SystemRandom));
    let mut next = TELL;
    let mut lost = Ok(());
    let mut progress = |found: Survey| {
        if found.conversations >= next {
            next = found.conversations + TELL;
            lost = writeln!(out, "{} conversations", found.conversations);
        }
    };
    let found = restante_chat::new_epochs(&env, dry_run, &mut progress).await?;
    lost?;
    report(out, found, dry_run)?;
    Ok(())
}

/// Without what may be a password.
fn shown(settings: &Settings) -> String {
    let url = &settings.chat.store;
    if url.scheme() == "sqlite" {
        return url.path().to_owned();
    }
    let place = url.path().split('?').next().unwrap_or_default();
    format!("{}://…/{}", url.scheme(), place.rsplit('/').next().unwrap_or_default())
}

fn report(out: &mut impl Write, found: Survey, dry_run: bool) -> std::io::Result<()> {
    let Survey { conversations, cursors, above, read_above } = found;
    let (gets, comes) = if dry_run { ("would get", "would come") } else { ("have", "came") };
    writeln!(out, "{conversations} conversations {gets} a new epoch")?;
    writeln!(out, "{cursors} cursors of devices: each device begins that conversation anew")?;
    writeln!(
        out,
        "{above} cursors and floors, and {read_above} read positions, {comes} down to the end of their log"
    )?;
    if dry_run {
        return writeln!(
            out,
            "No conversation is changed. Stop all chat instances, then run it without --dry-run."
        );
    }
    writeln!(
        out,
        "Done. Start the service: devices sync by themselves, and send what is still in their outbox."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(overrides: &[(&'static str, &str)]) -> Settings {
        let owned = overrides.iter().map(|(key, value)| (*key, (*value).to_owned()));
        Settings::load(None, [], &owned.collect::<Vec<_>>()).unwrap()
    }

    async fn said(settings: Settings, dry_run: bool) -> Result<String, String> {
        let mut out = Vec::new();
        let done = run(settings, dry_run, &mut out).await;
        done.map_err(|error| format!("{error:#}"))?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_not_made_and_one_in_use_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().display().to_string();
        let file = folder.path().join("restante.db");
        let refused = said(settings(&[("server.data", &data)]), true).await.unwrap_err();
        assert!(refused.contains("is not there") && !file.exists(), "{refused}");

        let service = sqlite::Database::open(&file).unwrap();
        service.read(|tx| Ok(tx.query_row("SELECT 1", [], |_| Ok(()))?)).await.unwrap();
        let refused = said(settings(&[("server.data", &data)]), false).await.unwrap_err();
        assert!(refused.contains("in use"), "{refused}");
        let looked = said(settings(&[("server.data", &data)]), true).await.unwrap();
        assert!(looked.contains("0 conversations would get"), "{looked}");
    }

    #[tokio::test]
    async fn on_mongodb_it_is_refused_while_an_instance_sweeps() {
        let store = testkit::servers::mongo_database_url(&testkit::unique("epochs")).await.unwrap();
        let kv = testkit::servers::redis_url().await.unwrap();
        let namespace = testkit::unique("epochs");
        let settings =
            || settings(&[("chat.store", &store), ("kv.url", &kv), ("kv.namespace", &namespace)]);
        let clock = Arc::new(SystemClock::default());
        let own = settings();
        let databases = sqlite::Databases::default();
        let keys = kv::open(&own.kv, &databases, Arc::clone(&clock) as Arc<_>).await.unwrap();
        let life = std::time::Duration::from_mins(1);
        let mut lease = kv::Lease::new(keys, clock, &SystemRandom, "retention", life);
        assert!(lease.held().await.unwrap());
        let refused = said(settings(), false).await.unwrap_err();
        assert!(refused.contains("stop all of them"), "{refused}");
        assert!(said(settings(), true).await.unwrap().contains("No conversation is changed"));
        lease.give_back().await.unwrap();
        let done = said(settings(), false).await.unwrap();
        assert!(done.contains("Start the service") && !done.contains("127.0.0.1"), "{done}");
        crate::admin::mongo::drop_database(&store).await.unwrap();
    }
}
