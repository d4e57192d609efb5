//! Small examples of each breach, and of what looks like one and is none.

use std::fs;
use std::path::Path;

use crate::imports;

/// Breaches in a checkout of these files, as `file:line: rule`.
fn breaches(files: &[(&str, &str)]) -> Vec<String> {
    let top = tempfile::tempdir().unwrap();
    for group in ["libs", "services"] {
        fs::create_dir(top.path().join(group)).unwrap();
    }
    for (file, text) in files {
        let path = top.path().join(file);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        fs::write(path, text).unwrap();
    }
    let report = imports::check(top.path()).unwrap();
    report.breaches.iter().map(ToString::to_string).collect()
}

fn one(file: &str, text: &str) -> Vec<String> {
    breaches(&[(file, text)])
}

#[test]
fn a_driver_outside_its_adapter_is_found_with_its_line() {
    let found = one("services/chat/src/log/append.rs", "use std::fmt;\nuse mongodb::Database;\n");
    let rule = "only mongo.rs (or a folder mongo/) names mongodb";
    assert_eq!(found, [format!("services/chat/src/log/append.rs:2: {rule}")]);
}

#[test]
fn every_crate_has_its_file() {
    let cases = [
        ("mongodb", "mongo"),
        ("bson", "mongo"),
        ("rusqlite", "sqlite"),
        ("redis", "redis"),
        ("lapin", "rabbit"),
        ("actix_web", "http"),
        ("tonic", "grpc"),
        ("socketio", "socket"),
    ];
    for (krate, file) in cases {
        let text = format!("fn f(x: {krate}::Thing) {{}}");
        assert_eq!(one(&format!("services/user/src/a/{file}.rs"), &text), Vec::<String>::new());
        assert_eq!(
            one(&format!("services/user/src/a/{file}/part.rs"), &text),
            Vec::<String>::new()
        );
        assert_eq!(one("services/user/src/a/store.rs", &text).len(), 1, "{krate}");
    }
}

#[test]
fn composers_name_doors_but_no_drivers() {
    let text = "use actix_web::web;\nuse tonic::Status;\nuse redis::Client;\n";
    let found = one("services/user/src/wiring.rs", text);
    assert_eq!(
        found,
        ["services/user/src/wiring.rs:3: only redis.rs (or a folder redis/) names redis"]
    );
}

#[test]
fn a_module_of_the_crate_is_not_the_driver() {
    let text =
        "mod redis;\nuse self::redis::RedisKv;\nfn f() { redis::open(); crate::redis::open(); }";
    assert_eq!(one("libs/kv/src/open.rs", text), Vec::<String>::new());
    let imported = "use super::{mongo, redis};\nfn f() { redis::url(); }";
    assert_eq!(one("libs/kv/src/place.rs", imported), Vec::<String>::new());
    let absolute = "mod redis;\nfn f() { ::redis::open(); }";
    assert_eq!(one("libs/kv/src/open.rs", absolute).len(), 1);
}

#[test]
fn grouped_and_renamed_imports_are_found() {
    let text = "use {\n    std::fmt,\n    lapin::Channel,\n};\nuse bson as b;\n";
    assert_eq!(one("libs/bus/src/port.rs", text).len(), 2);
}

#[test]
fn words_in_texts_comments_and_fields_are_nothing() {
    let text = "// redis::Client\nconst A: &str = \"redis::Client\";\nfn f(x: T) { x.redis; let redis = 1; }";
    assert_eq!(one("services/chat/src/a.rs", text), Vec::<String>::new());
}

#[test]
fn test_modules_are_left_out_in_files_of_their_own_too() {
    let found = breaches(&[
        ("libs/kv/src/lib.rs", "#[cfg(test)]\nmod contract;\nmod store;\n"),
        ("libs/kv/src/contract/mod.rs", "use redis::Client;"),
        (
            "libs/kv/src/store.rs",
            "fn f() {}\n#[cfg(test)]\nmod tests {\n use redis::Client;\n}\nuse lapin::A;\n",
        ),
    ]);
    assert_eq!(found, ["libs/kv/src/store.rs:6: only rabbit.rs (or a folder rabbit/) names lapin"]);
}

#[test]
fn services_do_not_import_each_other() {
    let text = "use restante_chat::start;\n";
    assert_eq!(one("services/user/src/wiring.rs", text).len(), 1);
    assert_eq!(one("libs/contracts/src/lib.rs", text).len(), 1);
    assert_eq!(one("services/chat/src/main.rs", text), Vec::<String>::new());
    assert_eq!(one("services/restante/src/lib.rs", text), Vec::<String>::new());
}

#[test]
fn a_service_does_not_ask_whether_it_is_alone() {
    let text = "fn f(all_in_one: bool) {}";
    assert_eq!(one("services/chat/src/lib.rs", text).len(), 1);
    assert_eq!(one("services/restante/src/lib.rs", text), Vec::<String>::new());
}

#[test]
fn only_queues_settle_messages() {
    let text = "use bus::{Delivery, Settle};\n";
    assert_eq!(one("services/chat/src/people/forget.rs", text).len(), 1);
    assert_eq!(one("services/chat/src/people/queue.rs", text), Vec::<String>::new());
}

#[test]
fn the_kernel_stays_pure() {
    let text = "use std::fs;\nuse tokio::time;\nuse std::fmt;\n";
    assert_eq!(one("libs/kernel/src/clock.rs", text).len(), 2);
    assert_eq!(one("libs/settings/src/load.rs", text), Vec::<String>::new());
}

#[test]
fn long_files_are_found_without_counting_their_tests() {
    let code = "fn f() {}\n".repeat(400);
    let tests = format!("#[cfg(test)]\nmod tests {{\n{code}}}\n");
    assert_eq!(one("libs/kv/src/a.rs", &format!("{code}{tests}")), Vec::<String>::new());
    let found = one("libs/kv/src/a.rs", &format!("{code}fn g() {{}}\n{tests}"));
    assert_eq!(found, ["libs/kv/src/a.rs:401: 401 production lines, 400 at most"]);
}
