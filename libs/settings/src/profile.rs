use crate::load::variable;
use crate::secrets::is_sample;
use crate::{BackendUrl, Environment, Origin, SecretKey, Settings, SettingsError};

/// The two sets of back ends that are tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// One process with nothing beside it: SQLite, memory, folders.
    Embedded,
    /// One process or many on MongoDB, Redis and RabbitMQ.
    Distributed,
}

/// A service that can run as a process of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceName {
    /// `restante-user`
    User,
    /// `restante-chat`
    Chat,
    /// `restante-mail`
    Mail,
}

/// What runs in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// All services.
    OneProcess,
    /// One of them.
    Service(ServiceName),
}

/// A back end's URL, by key, and which profiles its scheme belongs to.
struct Backend<'a> {
    key: &'static str,
    url: &'a BackendUrl,
    users: &'static [ServiceName],
    remedy: &'static str,
}

impl Backend<'_> {
    fn suits(&self, profile: Profile) -> bool {
        let scheme = self.url.scheme();
        match profile {
            Profile::Embedded => {
                matches!(scheme, "sqlite" | "memory" | "file" | "folder" | "smtp" | "smtps")
            }
            // A folder for files may be a shared one; a folder for mail is for trying out.
            Profile::Distributed => !matches!(scheme, "sqlite" | "memory" | "folder"),
        }
    }
}

use ServiceName::{Chat, Mail, User};

impl Settings {
    /// Whether these settings go together for what runs in this process, and which profile they make. Looks only at what
    /// that process uses.
    ///
    /// Refused: a mix of the two profiles; a single service on embedded back ends; in the distributed profile a key of
    /// `[tokens]` that is empty (each process would make its own); in production sample keys and an empty
    /// `server.allowed_origins`.
    pub fn check(&self, shape: Shape) -> Result<Profile, SettingsError> {
        let mut problems = Vec::new();
        let profile = self.profile(shape, &mut problems);
        self.check_keys(shape, profile, &mut problems);
        self.check_origins(shape, &mut problems);
        if problems.is_empty() { Ok(profile) } else { Err(SettingsError::Unsound { problems }) }
    }

    fn profile(&self, shape: Shape, problems: &mut Vec<String>) -> Profile {
        let used: Vec<_> =
            self.backends().into_iter().filter(|backend| uses(shape, backend.users)).collect();
        if shape == Shape::OneProcess && used.iter().all(|one| one.suits(Profile::Embedded)) {
            return Profile::Embedded;
        }
        let why = match shape {
            Shape::Service(_) => "a service in a process of its own cannot share it".to_owned(),
            Shape::OneProcess => {
                let other = used.iter().find(|backend| !backend.suits(Profile::Embedded));
                let (key, scheme) = other.map_or(("", ""), |other| (other.key, other.url.scheme()));
                format!("it does not go with `{key}` = {scheme}:")
            }
        };
        for backend in used.iter().filter(|backend| !backend.suits(Profile::Distributed)) {
            problems.push(format!(
                "`{}` is {}: (from {}) and {why}; set {} to {}",
                backend.key,
                backend.url.scheme(),
                self.origin(backend.key),
                variable(backend.key),
                backend.remedy,
            ));
        }
        Profile::Distributed
    }

    fn check_keys(&self, shape: Shape, profile: Profile, problems: &mut Vec<String>) {
        let production = self.server.environment == Environment::Production;
        for (key, value, users) in self.keys() {
            if !uses(shape, users) {
                continue;
            }
            if value.is_empty() && profile == Profile::Distributed {
                problems.push(format!(
                    "`{key}` is empty; set {} to 32 random bytes in base64 (`openssl rand -base64 32`), \
                     the same for every process that uses it",
                    variable(key)
                ));
            } else if production && is_sample(value) {
                problems.push(format!(
                    "`{key}` (from {}) is a sample that everybody knows, and the environment is production; \
                     set {} to the output of `openssl rand -base64 32`",
                    self.origin(key),
                    variable(key)
                ));
            }
        }
    }

    fn check_origins(&self, shape: Shape, problems: &mut Vec<String>) {
        let serves_pages = shape != Shape::Service(Mail);
        let production = self.server.environment == Environment::Production;
        if serves_pages && production && self.server.allowed_origins.is_empty() {
            problems.push(format!(
                "`server.allowed_origins` is empty and the environment is production; set {} to the address of your \
                 web client, such as https://chat.example.org",
                variable("server.allowed_origins")
            ));
        }
    }

    fn origin(&self, key: &str) -> &Origin {
        self.origins.get(key).unwrap_or(&Origin::Default)
    }

    fn keys(&self) -> [(&'static str, SecretKey, &'static [ServiceName]); 4] {
        [
            ("tokens.signing_key", self.tokens.signing_key, &[User]),
            ("tokens.pepper", self.tokens.pepper, &[User]),
            ("tokens.seal_key", self.tokens.seal_key, &[User, Mail]),
            ("tokens.digest_key", self.tokens.digest_key, &[Chat]),
        ]
    }

    fn backends(&self) -> [Backend<'_>; 7] {
        let backend = |key, url, users, remedy| Backend { key, url, users, remedy };
        [
            backend("user.store", &self.user.store, &[User], "mongodb://HOST/DATABASE"),
            backend("chat.store", &self.chat.store, &[Chat], "mongodb://HOST/DATABASE"),
            backend("kv.url", &self.kv.url, &[User, Chat], "redis://HOST:PORT"),
            backend("fanout.url", &self.fanout.url, &[Chat], "redis://HOST:PORT"),
            backend(
                "bus.url",
                &self.bus.url,
                &[User, Chat, Mail],
                "amqp://USER:PASSWORD@HOST:PORT/VHOST",
            ),
            backend("blobs.url", &self.blobs.url, &[Chat], "s3://BUCKET"),
            backend("mail.url", &self.mail.url, &[Mail], "smtp://HOST:PORT"),
        ]
    }
}

fn uses(shape: Shape, users: &[ServiceName]) -> bool {
    match shape {
        Shape::OneProcess => true,
        Shape::Service(service) => users.contains(&service),
    }
}
