use proptest::prelude::*;
use serde_json::{Value, json};
use socketioxide_core::packet::{Packet as TheirPacket, PacketData};
use socketioxide_core::parser::{Parse, ParseConfig, ParseError as TheirError, ParserState};
use socketioxide_core::{Str, Value as TheirValue};
use socketioxide_parser_common::CommonParser;

use super::*;

/// What both parsers are compared by: namespace, kind, acknowledgement id, JSON.
#[derive(Debug, PartialEq)]
struct Essence {
    namespace: String,
    kind: char,
    ack: Option<u64>,
    data: Option<Value>,
}

fn ours(text: &str) -> Option<Essence> {
    let packet = decode(text).ok()?;
    let binary = matches!(text.as_bytes()[0], b'5' | b'6');
    let (kind, ack, data) = match packet.body {
        _ if binary => ('5', None, None),
        Body::Connect(auth) => {
            ('0', None, auth.map(|auth| serde_json::from_str(auth.get()).unwrap()))
        }
        Body::Disconnect => ('1', None, None),
        Body::Event { ack, name, args } => {
            let args = args.iter().map(|arg| serde_json::from_str(arg.get()).unwrap());
            ('2', ack, Some(Value::Array([Value::from(name)].into_iter().chain(args).collect())))
        }
        Body::Ack { .. } => ('3', None, None),
    };
    Some(Essence { namespace: packet.namespace.into_owned(), kind, ack, data })
}

fn theirs(text: &str) -> Option<Essence> {
    let state = ParserState::default();
    let parsed =
        CommonParser.decode_str(&ParseConfig::default(), &state, Str::from(text.to_owned()));
    let packet = match parsed {
        Ok(packet) => packet,
        Err(TheirError::NeedsMoreBinaryData) => {
            state.partial_bin_packet.lock().unwrap().take()?.packet
        }
        Err(_) => return None,
    };
    let json = |value: &TheirValue| match value {
        TheirValue::Str(text, _) => serde_json::from_str(text).unwrap(),
        TheirValue::Bytes(_) => panic!("the common parser makes text"),
    };
    let (kind, ack, data) = match &packet.inner {
        PacketData::Connect(auth) => ('0', None, auth.as_ref().map(json)),
        PacketData::Disconnect => ('1', None, None),
        PacketData::Event(data, ack) => {
            ('2', ack.map(|ack| ack.try_into().unwrap()), Some(json(data)))
        }
        PacketData::EventAck(..) => ('3', None, None),
        PacketData::BinaryEvent(..) | PacketData::BinaryAck(..) => ('5', None, None),
        PacketData::ConnectError(_) => panic!("not in these tests"),
    };
    Some(Essence { namespace: packet.ns.to_string(), kind, ack, data })
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z_]{1,6}", inner, 0..4)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
}

fn any_name() -> impl Strategy<Value = String> {
    ".{1,16}"
        .prop_filter("the official parser reserves it", |name| !RESERVED.contains(&name.as_str()))
}

fn any_namespace() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "/[a-z0-9-]{0,8}".prop_map(|name| format!("{name},"))]
}

proptest! {
    #[test]
    fn the_oracle_reads_the_same_event(
        namespace in any_namespace(),
        ack in prop::option::of(0_u64..1_000_000),
        name in any_name(),
        args in prop::collection::vec(any_json(), 0..4),
    ) {
        let data = Value::Array([Value::from(name)].into_iter().chain(args).collect());
        let id = ack.map(|id| id.to_string()).unwrap_or_default();
        let text = format!("2{namespace}{id}{data}");
        let read = ours(&text);
        prop_assert!(read.is_some());
        prop_assert_eq!(read, theirs(&text));
    }

    #[test]
    fn the_oracle_reads_the_same_connect(
        namespace in any_namespace(),
        auth in prop::option::of(prop::collection::hash_map("[a-z]{1,6}", any_json(), 0..4)),
    ) {
        let auth = auth.map(|auth| auth.into_iter().collect::<Value>().to_string()).unwrap_or_default();
        let text = format!("0{namespace}{auth}");
        let read = ours(&text);
        prop_assert!(read.is_some());
        prop_assert_eq!(read, theirs(&text));
    }

    #[test]
    fn the_oracle_reads_what_the_server_writes(
        name in any_name(), value in any_json(), id in 0_u64..1_000_000,
    ) {
        let json = value.to_string();
        let event = Header { is_ack: false, attachments: 0, namespace: ROOT, id: None };
        let frame = event.with(&event_json(&name, std::iter::once(json.as_bytes())));
        let message = std::str::from_utf8(&frame).unwrap().strip_prefix('4').unwrap();
        let expected = Essence {
            namespace: ROOT.to_owned(), kind: '2', ack: None, data: Some(json!([name, value])),
        };
        prop_assert_eq!(theirs(message), Some(expected));

        let raw = RawValue::from_string(value.to_string()).unwrap();
        let ack = Header { is_ack: true, attachments: 0, namespace: ROOT, id: Some(id) };
        let frame = ack.with(&ack_json(&[raw]));
        let message = std::str::from_utf8(&frame).unwrap().strip_prefix('4').unwrap();
        let state = ParserState::default();
        let read = CommonParser
            .decode_str(&ParseConfig::default(), &state, Str::from(message.to_owned()))
            .unwrap();
        let text = format!("[{value}]");
        let expected = PacketData::EventAck(
            TheirValue::Str(Str::from(text), None), id.try_into().unwrap(),
        );
        prop_assert_eq!(read, TheirPacket { inner: expected, ns: Str::from(ROOT.to_owned()) });
    }

    #[test]
    fn whatever_comes_is_read_or_refused(text in "[0-9]?[0-9]{0,3}-?(/[a-z]{0,3},?)?[0-9]{0,25}.{0,20}") {
        // Where both read it, they agree; the oracle looks at the JSON later than we do and reads more.
        if let Some(read) = ours(&text) {
            prop_assert_eq!(Some(read), theirs(&text));
        }
    }
}

#[test]
fn packets_of_the_protocol_document_are_read() {
    let event = |namespace: &str, ack, data| Essence {
        namespace: namespace.to_owned(),
        kind: '2',
        ack,
        data: Some(data),
    };
    let connect = |namespace: &str, data| Essence {
        namespace: namespace.to_owned(),
        kind: '0',
        ack: None,
        data,
    };
    assert_eq!(ours("0"), Some(connect("/", None)));
    assert_eq!(ours(r#"0{"token":"123"}"#), Some(connect("/", Some(json!({"token": "123"})))));
    assert_eq!(ours(r#"0/admin,{"a":1}"#), Some(connect("/admin", Some(json!({"a": 1})))));
    assert_eq!(ours("0/admin"), Some(connect("/admin", None)));
    assert_eq!(ours(r#"2["foo"]"#), Some(event("/", None, json!(["foo"]))));
    assert_eq!(ours(r#"2/admin,["bar"]"#), Some(event("/admin", None, json!(["bar"]))));
    assert_eq!(
        ours(r#"212["foo",1,{"x":[]}]"#),
        Some(event("/", Some(12), json!(["foo", 1, {"x": []}])))
    );
    assert!(matches!(decode("1").unwrap().body, Body::Disconnect));
    let left = decode("1/admin,").unwrap();
    assert_eq!(left.namespace, "/admin");
    assert!(matches!(left.body, Body::Disconnect));
    let ack = decode(r#"3/admin,456["x"]"#).unwrap();
    assert!(matches!(ack.body, Body::Ack { id: 456, .. }));
    let binary = r#"51-["baz",{"_placeholder":true,"num":0}]"#;
    let read = decode(binary).unwrap();
    assert!(read.is_event() && read.attachments == 1);
    let binary = r#"61-/admin,456[{"_placeholder":true,"num":0}]"#;
    let read = decode(binary).unwrap();
    assert!(matches!(read.body, Body::Ack { id: 456, .. }) && read.attachments == 1);
}

#[test]
fn what_is_not_a_packet_is_refused() {
    let bad = [
        "",
        "7",
        "9",
        "x",
        "é",
        "2",
        "2{}",
        "2[]",
        "2[1]",
        "2[null]",
        "2[\"a\"",
        "2[\"a\"]x",
        "2\"a\"",
        r#"2["connect"]"#,
        r#"2["disconnect",1]"#,
        r#"2["newListener"]"#,
        r#"2["\ud800"]"#,
        "0[]",
        "0\"x\"",
        "01",
        "0{",
        "11",
        "1{}",
        "3[]",
        "312{}",
        "3",
        r#"4{"message":"x"}"#,
        r#"5["a"]"#,
        r#"5-["a"]"#,
        r#"51["a"]"#,
        r#"61-["a"]"#,
        r#"51-["a",{"_placeholder":true,"num":1}]"#,
        r#"50-["a",{"_placeholder":true,"num":0}]"#,
        r#"51-["a",{"_placeholder":true}]"#,
        r#"5-1["a"]"#,
        r#"599999999999999999999-["a"]"#,
        r#"299999999999999999999["a"]"#,
        "2/admin",
        "2/admin,",
    ];
    for text in bad {
        assert_eq!(decode(text).err(), Some(ParseError), "{text:?}");
    }
}

#[test]
fn deep_json_is_carried_without_being_walked_by_recursion() {
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    let text = format!("2[\"a\",{deep}]");
    let Body::Event { args, .. } = decode(&text).unwrap().body else { panic!() };
    assert_eq!(args[0].get(), deep);
}

#[test]
fn refusals_carry_their_data() {
    let refusal =
        Refusal { message: "no \"entry\"".to_owned(), data: json!({"code": "UNAUTHORIZED"}) };
    let frame = connect_error(ROOT, &refusal);
    let payload: Value = serde_json::from_slice(frame.strip_prefix(b"44").unwrap()).unwrap();
    assert_eq!(payload, json!({"message": "no \"entry\"", "data": {"code": "UNAUTHORIZED"}}));
    let bare = Refusal { message: "Invalid namespace".to_owned(), data: Value::Null };
    assert_eq!(connect_error("/x", &bare), r#"44/x,{"message":"Invalid namespace"}"#);
    assert_eq!(connected(ROOT, "abc"), r#"40{"sid":"abc"}"#);
    assert_eq!(connected("/x", "abc"), r#"40/x,{"sid":"abc"}"#);
    assert_eq!(disconnect(ROOT), "41");
    assert_eq!(disconnect("/x"), "41/x,");
}
