use std::path::Path;

use super::Breach;
use super::source::Source;

/// Production lines of one file.
const MOST_LINES: usize = 400;

/// Files, or folders of them, that put parts together.
const COMPOSERS: [&str; 3] = ["wiring", "lib", "main"];

/// A crate that only files of one name may name.
struct Rule {
    krate: &'static str,
    /// Name of the file, or of a folder that it lies in.
    file: &'static str,
    /// Packages that are about that crate, or nothing but it.
    packages: &'static [&'static str],
    /// Whether the files that compose may name it too.
    composers: bool,
}

const fn driver(
    krate: &'static str,
    file: &'static str,
    packages: &'static [&'static str],
) -> Rule {
    Rule { krate, file, packages, composers: false }
}

const fn door(krate: &'static str, file: &'static str, packages: &'static [&'static str]) -> Rule {
    Rule { krate, file, packages, composers: true }
}

const HTTP: &[&str] = &["libs/web", "libs/runtime", "libs/socketio"];
const GRPC: &[&str] = &["libs/contracts"];

const RULES: &[Rule] = &[
    driver("mongodb", "mongo", &[]),
    driver("bson", "mongo", &[]),
    driver("rusqlite", "sqlite", &["libs/sqlite"]),
    driver("redis", "redis", &["libs/redis-nodes"]),
    driver("lapin", "rabbit", &[]),
    door("actix_web", "http", HTTP),
    door("actix_ws", "http", HTTP),
    door("tonic", "grpc", GRPC),
    door("socketio", "socket", &["libs/web"]),
];

const SERVICES: [(&str, &str); 3] = [
    ("restante_user", "services/user"),
    ("restante_chat", "services/chat"),
    ("restante_mail", "services/mail"),
];

/// What has to do with the world outside, of which the kernel knows nothing.
const OUTSIDE: [&str; 10] = [
    "tokio",
    "actix_web",
    "tonic",
    "reqwest",
    "mongodb",
    "rusqlite",
    "redis",
    "lapin",
    "sqlite",
    "hyper",
];

/// Every breach in one file.
pub(super) fn check(source: &Source) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let mut add = |lines: Vec<usize>, rule: &str| {
        let breach = |line| Breach { file: source.file.clone(), line, rule: rule.to_owned() };
        breaches.extend(lines.into_iter().map(breach));
    };
    for rule in RULES.iter().filter(|rule| !rule.allows(source)) {
        add(source.lines_naming(rule.krate), &rule.text());
    }
    for (krate, home) in SERVICES {
        if !in_package(source, &[home, "services/restante"]) {
            add(source.lines_naming(krate), "only services/restante imports a service");
        }
    }
    if in_package(source, &["libs/kernel"]) {
        for krate in OUTSIDE {
            add(source.lines_naming(krate), "the kernel does no input or output");
        }
        for module in ["fs", "net"] {
            let lines = source.lines_with_all(&["std", "::", module]);
            add(lines, "the kernel does no input or output");
        }
    }
    if source.file.starts_with("services") && !in_package(source, &["services/restante"]) {
        for word in ["all_in_one", "allinone", "AllInOne"] {
            add(
                source.lines_with(word),
                "a service cannot tell whether it runs alone; choose in wiring, by URL",
            );
        }
        if !source.is_named("queue") && !composes(source) {
            add(source.lines_with("Settle"), "only queue.rs takes messages from the bus");
        }
    }
    if source.lines > MOST_LINES {
        let rule = format!("{} production lines, {MOST_LINES} at most", source.lines);
        add(vec![MOST_LINES + 1], &rule);
    }
    breaches
}

impl Rule {
    fn allows(&self, source: &Source) -> bool {
        source.is_named(self.file)
            || in_package(source, self.packages)
            || (self.composers && composes(source))
    }

    fn text(&self) -> String {
        let (krate, file) = (self.krate, self.file);
        format!("only {file}.rs (or a folder {file}/) names {krate}")
    }
}

fn in_package(source: &Source, packages: &[&str]) -> bool {
    packages.iter().any(|package| source.package() == Path::new(package))
}

fn composes(source: &Source) -> bool {
    COMPOSERS.iter().any(|name| source.is_named(name))
}
