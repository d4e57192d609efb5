//! Restante as separate services, and people who log in by mail.

use std::path::PathBuf;
use std::time::Duration;

use client::rest::{Rest, Session};
use testkit::servers::Smtp;
use testkit::stack::{Options, Shape, Stack};
use testkit::unique;

/// From asking for a code to its mail.
const MAIL: Duration = Duration::from_secs(30);

/// What would hinder a test that does more than people do.
const RAISED: [(&str, &str); 8] = [
    ("RESTANTE_USER__LOGIN__SENDS_PER_MINUTE", "100000"),
    ("RESTANTE_USER__LOGIN__SENDS_PER_HOUR", "100000"),
    ("RESTANTE_USER__LOGIN__SENDS_PER_DAY", "100000"),
    ("RESTANTE_USER__LOGIN__SENDS_PER_HOUR_PER_NETWORK", "100000"),
    ("RESTANTE_USER__LOGIN__TRIES_PER_DAY", "100000"),
    ("RESTANTE_CHAT__LIMITS__SENDS_PER_SECOND", "1000000"),
    ("RESTANTE_CHAT__LIMITS__SENDS_BURST", "1000000"),
    ("RESTANTE_TELEMETRY__FILTER", "warn"),
];

#[derive(Clone)]
pub(crate) struct Town {
    pub(crate) rest: Rest,
    pub(crate) instances: Vec<String>,
    run: String,
    mail: Smtp,
    pub(crate) dir: PathBuf,
}

impl Town {
    /// Starts that shape, with two chat instances on real servers if it is split. `env` goes over what the shape sets.
    pub(crate) async fn build(shape: Shape, env: &[(&str, &str)]) -> Self {
        let run = unique("town");
        let dir = testkit::workspace().join(".run").join(&run);
        let env =
            RAISED.iter().chain(env).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let release = std::env::var("RESTANTE_BIN").is_ok_and(|build| build == "release");
        let options = Options {
            shape,
            chats: 2,
            dir: dir.clone(),
            release,
            own_services: false,
            env: env.collect(),
        };
        let stack = Stack::up(options).await.unwrap();
        let mail = Smtp { url: String::new(), mail: stack.mail };
        Self { rest: Rest::new(stack.base), instances: stack.instances, run, mail, dir }
    }

    /// Ends it; logs stay if the test failed.
    pub(crate) async fn down(self, passed: bool) {
        Stack::down(&self.dir).await.unwrap();
        if passed {
            std::fs::remove_dir_all(&self.dir).unwrap();
        } else {
            eprintln!("logs are in {}", self.dir.display());
        }
    }

    /// Logs a person in on one more device.
    pub(crate) async fn login(&self, name: &str) -> Session {
        let address = format!("{name}@{}.test", self.run.replace('_', "-"));
        let challenge = self.rest.login(&address).await.unwrap();
        let mail = self.mail.mail_to(&address, MAIL).await.unwrap();
        let is_code =
            |line: &&str| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit());
        let code = mail.lines().map(str::trim).find(is_code).unwrap().to_owned();
        self.take(&address);
        self.rest.verify(&challenge, &code, "race").await.unwrap()
    }

    /// The next code to the address is then the only one.
    fn take(&self, address: &str) {
        for file in std::fs::read_dir(&self.mail.mail).unwrap().flatten() {
            let text = std::fs::read_to_string(file.path()).unwrap_or_default();
            if text.contains(address) {
                std::fs::remove_file(file.path()).unwrap();
            }
        }
    }
}
