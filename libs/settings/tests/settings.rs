//! Settings as an operator meets them: layers, refusals and their remedies.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use kernel::{SeededRandom, SystemRandom};
use settings::{
    DEFAULTS, Environment, Profile, SAMPLE_SECRETS, ServiceName, Settings, SettingsError, Shape,
};

const KEY: &str = "MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE=";

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn load(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::load(None, env(pairs), &[])
}

fn refusal(pairs: &[(&str, &str)]) -> String {
    load(pairs).expect_err("must be refused").to_string()
}

fn load_file(text: &str) -> Result<Settings, SettingsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("restante.toml");
    fs::write(&path, text).unwrap();
    Settings::load(Some(&path), [], &[])
}

const DISTRIBUTED: &[(&str, &str)] = &[
    ("RESTANTE_USER__STORE", "mongodb://127.0.0.1/user"),
    ("RESTANTE_CHAT__STORE", "mongodb://127.0.0.1/chat"),
    ("RESTANTE_KV__URL", "redis://127.0.0.1"),
    ("RESTANTE_FANOUT__URL", "redis://127.0.0.1"),
    ("RESTANTE_BUS__URL", "amqp://guest:guest@127.0.0.1/%2f"),
    ("RESTANTE_BLOBS__URL", "s3://restante"),
    ("RESTANTE_MAIL__URL", "smtp://127.0.0.1:25"),
    ("RESTANTE_TOKENS__SIGNING_KEY", KEY),
    ("RESTANTE_TOKENS__PEPPER", KEY),
    ("RESTANTE_TOKENS__SEAL_KEY", KEY),
    ("RESTANTE_TOKENS__DIGEST_KEY", KEY),
];

fn distributed_but(changes: &[(&str, &str)]) -> Settings {
    let mut pairs: Vec<_> = DISTRIBUTED.to_vec();
    for (name, value) in changes {
        pairs.retain(|(known, _)| known != name);
        pairs.push((name, value));
    }
    load(&pairs).unwrap()
}

#[test]
fn the_defaults_are_the_embedded_profile() {
    let settings = load(&[]).unwrap();
    assert_eq!(settings.check(Shape::OneProcess).unwrap(), Profile::Embedded);
    assert_eq!(settings.chat.store.as_str(), "sqlite:./data/restante.db");
    assert_eq!(settings.server.environment, Environment::Development);
    assert_eq!(settings.server.trusted_proxies.len(), 2);
}

#[test]
fn the_command_line_beats_the_environment_beats_the_file_beats_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("restante.toml");
    fs::write(&path, "[server]\nworkers = 2\nshutdown_s = 2\nlisten = \"127.0.0.1:2\"\n").unwrap();
    let variables =
        env(&[("RESTANTE_SERVER__SHUTDOWN_S", "3"), ("RESTANTE_SERVER__LISTEN", "127.0.0.1:3")]);
    let overrides = [("server.listen", "127.0.0.1:4".to_owned())];
    let settings = Settings::load(Some(&path), variables, &overrides).unwrap();
    assert_eq!(settings.server.workers, 2);
    assert_eq!(settings.server.shutdown_s, 3);
    assert_eq!(settings.server.listen, "127.0.0.1:4");
    assert_eq!(settings.server.body_limit_bytes, 65_536);
}

#[test]
fn the_environment_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("restante.toml");
    fs::write(&path, "[mail]\ntimeout_ms = 1234\n").unwrap();
    let settings = load(&[("RESTANTE_CONFIG", path.to_str().unwrap())]).unwrap();
    assert_eq!(settings.mail.timeout_ms, 1_234);
}

#[test]
fn the_data_folder_is_put_into_every_path() {
    let settings = Settings::load(None, [], &[("server.data", "/srv/r/".to_owned())]).unwrap();
    assert_eq!(settings.mail.url.as_str(), "folder:/srv/r/mail");
    assert_eq!(settings.bus.url.path(), "/srv/r/restante.db");
}

#[test]
fn variables_are_read_as_the_type_of_the_default() {
    let settings = load(&[
        ("RESTANTE_SERVER__ALLOWED_ORIGINS", "https://a.example, https://b.example"),
        ("RESTANTE_CHAT__LIMITS__SENDS_BURST", " 7 "),
    ])
    .unwrap();
    assert_eq!(settings.server.allowed_origins, ["https://a.example", "https://b.example"]);
    assert_eq!(settings.chat.limits.sends_burst, 7);
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest() {
    let text = refusal(&[("RESTANTE_CHAT__STROE", "sqlite:x")]);
    assert!(text.contains("RESTANTE_CHAT__STROE") && text.contains("`chat.store`"), "{text}");
    let text = load_file("[chat]\nstor = \"sqlite:x\"\n").unwrap_err().to_string();
    assert!(text.contains("restante.toml") && text.contains("`chat.store`"), "{text}");
    let text = refusal(&[("RESTANTE_CHAT_STORE", "sqlite:x")]);
    assert!(text.contains("RESTANTE_CHAT__STORE (two underscores)"), "{text}");
    assert!(refusal(&[("RESTANTE_CHAT__LIMITS", "3")]).contains("unknown setting"));
}

#[test]
fn what_kubernetes_puts_into_the_environment_is_passed_over() {
    let settings = load(&[("RESTANTE_CHAT_PORT", "tcp://10.0.0.1:80"), ("PATH", "/bin")]).unwrap();
    assert_eq!(settings.chat.listen, "127.0.0.1:8082");
}

#[test]
fn a_bad_value_is_refused_with_its_origin_and_what_would_be_right() {
    let cases = [
        ("RESTANTE_SERVER__WORKERS", "many", "whole number"),
        ("RESTANTE_SERVER__WORKERS", "-1", "0 to 1024"),
        ("RESTANTE_CHAT__DELIVERY__HEADER_S", "86399", "86400 to"),
        ("RESTANTE_CHAT__LOG__HEAD_CACHE_S", "601", "1 to 600"),
        ("RESTANTE_SERVER__ENVIRONMENT", "prod", "development or production"),
        ("RESTANTE_SERVER__LISTEN", "8080", "HOST:PORT"),
        ("RESTANTE_SERVER__ALLOWED_ORIGINS", "*", "origins such as"),
        ("RESTANTE_SERVER__ALLOWED_ORIGINS", "https://a.example/", "without a path"),
        ("RESTANTE_SERVER__TRUSTED_PROXIES", "localhost", "networks"),
        ("RESTANTE_CHAT__STORE", "postgres://secretword@x", "mongodb://"),
        ("RESTANTE_CHAT__STORE", "sqlite:", "path"),
        ("RESTANTE_KV__URL", "redis:", "host"),
        ("RESTANTE_KV__NAMESPACE", "a b", "letters"),
        ("RESTANTE_MAIL__FROM", "a@b\r\nBcc: c@d", "ASCII"),
        ("RESTANTE_TOKENS__PEPPER", "c2VjcmV0d29yZA==", "32 bytes"),
        ("RESTANTE_TELEMETRY__OTLP", "127.0.0.1:4317", "URL"),
    ];
    for (name, value, expected) in cases {
        let text = refusal(&[(name, value)]);
        assert!(text.contains(name) && text.contains(expected), "{name}={value}: {text}");
        assert!(!text.contains("secretword") && !text.contains("c2VjcmV0"), "{text}");
    }
    let text = load_file("[server]\nworkers = \"2\"\n").unwrap_err().to_string();
    assert!(text.contains("without quotes"), "{text}");
    let text = load_file("[tokens]\npepper = secretword\n").unwrap_err().to_string();
    assert!(text.contains("line 2") && !text.contains("secretword"), "{text}");
    let text = Settings::load(Some(Path::new("/nowhere.toml")), [], &[]).unwrap_err().to_string();
    assert!(text.contains("/nowhere.toml"), "{text}");
}

#[test]
fn every_number_of_the_default_file_has_a_range() {
    let table: toml::Table = DEFAULTS.parse().unwrap();
    let mut numbers = BTreeSet::new();
    collect("", &table, &mut numbers);
    assert!(numbers.len() > 30);
    for key in numbers {
        let over = [(key.as_str(), i64::MAX.to_string())];
        assert!(Settings::load(None, [], &over).is_err(), "{key} takes any number");
    }
}

fn collect(prefix: &str, table: &toml::Table, numbers: &mut BTreeSet<String>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            toml::Value::Table(inner) => collect(&key, inner, numbers),
            toml::Value::Integer(_) => {
                numbers.insert(key);
            }
            _ => {}
        }
    }
}

#[test]
fn the_distributed_profile_runs_in_one_process_and_in_many() {
    let settings = distributed_but(&[]);
    for shape in [
        Shape::OneProcess,
        Shape::Service(ServiceName::User),
        Shape::Service(ServiceName::Chat),
        Shape::Service(ServiceName::Mail),
    ] {
        assert_eq!(settings.check(shape).unwrap(), Profile::Distributed);
    }
}

#[test]
fn a_mix_is_refused_with_the_key_and_the_remedy() {
    let settings = distributed_but(&[("RESTANTE_FANOUT__URL", "memory:")]);
    for shape in [Shape::OneProcess, Shape::Service(ServiceName::Chat)] {
        let text = settings.check(shape).unwrap_err().to_string();
        assert!(text.contains("`fanout.url`") && text.contains("RESTANTE_FANOUT__URL"), "{text}");
        assert!(!text.contains("`kv.url` is"), "{text}");
    }
    assert!(settings.check(Shape::Service(ServiceName::Mail)).is_ok(), "mail has no fan-out");

    let text = load(&[("RESTANTE_KV__URL", "redis://127.0.0.1")])
        .unwrap()
        .check(Shape::OneProcess)
        .unwrap_err()
        .to_string();
    assert!(text.contains("RESTANTE_CHAT__STORE to mongodb://"), "{text}");
}

#[test]
fn smtp_goes_with_both_profiles_and_a_mail_folder_with_one() {
    let settings = load(&[("RESTANTE_MAIL__URL", "smtp://127.0.0.1:25")]).unwrap();
    assert_eq!(settings.check(Shape::OneProcess).unwrap(), Profile::Embedded);
    let settings = distributed_but(&[("RESTANTE_MAIL__URL", "folder:/tmp/mail")]);
    assert!(settings.check(Shape::Service(ServiceName::Mail)).is_err());
}

#[test]
fn a_service_of_its_own_wants_its_keys_and_only_its_keys() {
    let settings = distributed_but(&[("RESTANTE_TOKENS__PEPPER", "")]);
    let text = settings.check(Shape::Service(ServiceName::User)).unwrap_err().to_string();
    assert!(text.contains("RESTANTE_TOKENS__PEPPER"), "{text}");
    assert!(settings.check(Shape::Service(ServiceName::Chat)).is_ok());
}

#[test]
fn production_refuses_samples_and_an_empty_origin_list() {
    for sample in SAMPLE_SECRETS {
        let settings = distributed_but(&[
            ("RESTANTE_SERVER__ENVIRONMENT", "production"),
            ("RESTANTE_SERVER__ALLOWED_ORIGINS", "https://chat.example"),
            ("RESTANTE_TOKENS__DIGEST_KEY", sample),
        ]);
        let text = settings.check(Shape::Service(ServiceName::Chat)).unwrap_err().to_string();
        assert!(text.contains("`tokens.digest_key`") && !text.contains(sample), "{text}");
        assert!(settings.check(Shape::Service(ServiceName::User)).is_ok());
    }
    let settings = load(&[("RESTANTE_SERVER__ENVIRONMENT", "production")]).unwrap();
    let text = settings.check(Shape::OneProcess).unwrap_err().to_string();
    assert!(text.contains("RESTANTE_SERVER__ALLOWED_ORIGINS"), "{text}");
}

#[test]
fn generated_secrets_are_made_once_and_kept_to_the_owner() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let settings = Settings::load(None, [], &[("server.data", data.to_owned())]).unwrap();
    let made: BTreeSet<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| settings.secrets(Profile::Embedded, &SystemRandom).unwrap()))
            .collect();
        starts.into_iter().map(|start| start.join().unwrap().signing_key).collect()
    });
    assert_eq!(made.len(), 1, "all processes must agree");
    let path = Path::new(data).join("secrets.toml");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(data).unwrap().count(), 1, "no drafts are left");

    fs::write(&path, "pepper = \"\"\n").unwrap();
    let error = settings.secrets(Profile::Embedded, &SeededRandom::new(1)).unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
}

#[test]
fn keys_that_were_set_are_taken_before_generated_ones() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let variables = env(&[("RESTANTE_TOKENS__PEPPER", KEY), ("RESTANTE_SERVER__DATA", data)]);
    let settings = Settings::load(None, variables, &[]).unwrap();
    let secrets = settings.secrets(Profile::Embedded, &SeededRandom::new(1)).unwrap();
    assert_eq!(secrets.pepper, Some(*b"11111111111111111111111111111111"));
    assert!(secrets.digest_key.is_some_and(|key| Some(key) != secrets.pepper));
}

#[test]
fn nothing_secret_is_shown_by_debug() {
    let settings = distributed_but(&[("RESTANTE_BUS__URL", "amqp://u:secretword@127.0.0.1/v")]);
    let shown = format!("{settings:?} {:?} {:?}", settings.bus, settings.tokens);
    assert!(!shown.contains("secretword") && !shown.contains("MTEx"), "{shown}");
}
