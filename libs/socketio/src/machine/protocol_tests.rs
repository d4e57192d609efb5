use serde_json::json;
use tokio::time::Instant;

use super::*;

fn known(name: &str) -> Option<Arc<str>> {
    ["/", "/admin"].contains(&name).then(|| Arc::from(name))
}

fn say(protocol: &mut Protocol, text: &str) -> Step {
    match packet::decode(text) {
        Ok(packet) => protocol.packet(packet, known, Instant::now()),
        Err(error) => panic!("{text}: {error}"),
    }
}

fn new() -> Protocol {
    let config = Config { max_attachments: 2, max_attachment_bytes: 10, ..Config::default() };
    Protocol::new(&config)
}

fn connecting() -> Protocol {
    let mut protocol = new();
    assert!(matches!(say(&mut protocol, "0"), Step::Connect { .. }));
    protocol
}

fn connected() -> Protocol {
    let mut protocol = connecting();
    assert!(matches!(protocol.accept("/"), Accepted::Connected));
    protocol
}

fn event(step: Step) -> (String, Vec<String>, Option<u64>) {
    let Step::Event { heard: Heard { event, ack }, .. } = step else {
        panic!("no event: {step:?}")
    };
    let args = event.args.iter().map(|arg| arg.get().to_owned()).collect();
    (event.name, args, ack)
}

fn assert_broken(step: &Step) {
    assert!(matches!(step, Step::Close(CloseReason::ProtocolError)), "{step:?}");
}

#[test]
fn a_client_connects_speaks_and_leaves() {
    let mut protocol = new();
    let Step::Connect { namespace, auth } = say(&mut protocol, r#"0{"token":"t"}"#) else {
        panic!()
    };
    assert_eq!((&*namespace, auth.unwrap().get()), ("/", r#"{"token":"t"}"#));
    assert!(matches!(protocol.accept("/"), Accepted::Connected));
    assert_eq!(protocol.connected().collect::<Vec<_>>(), ["/"]);
    let heard = event(say(&mut protocol, r#"27["say",{"a": 1},"b"]"#));
    let args = vec![r#"{"a": 1}"#.to_owned(), "\"b\"".to_owned()];
    assert_eq!(heard, ("say".to_owned(), args, Some(7)));
    assert!(matches!(say(&mut protocol, "1"), Step::Leave { waited: 0, .. }));
    assert!(!protocol.is_somewhere());
    assert!(matches!(say(&mut protocol, "0"), Step::Connect { .. }), "it may come back");
}

#[test]
fn what_is_said_while_connecting_waits_in_order() {
    let mut protocol = connecting();
    for name in ["first", "second"] {
        assert!(matches!(say(&mut protocol, &format!("2[\"{name}\"]")), Step::Waits));
    }
    let next = |protocol: &mut Protocol| match protocol.accept("/") {
        Accepted::Waited(heard) => heard.event.name,
        other => panic!("{other:?}"),
    };
    assert_eq!(next(&mut protocol), "first");
    assert!(matches!(say(&mut protocol, "2[\"third\"]"), Step::Waits), "behind the second");
    assert_eq!(next(&mut protocol), "second");
    assert_eq!(next(&mut protocol), "third");
    assert!(matches!(protocol.accept("/"), Accepted::Connected));
    assert!(matches!(protocol.accept("/"), Accepted::Gone), "once");
}

#[test]
fn a_refused_client_may_ask_again_but_not_speak() {
    let mut protocol = connecting();
    say(&mut protocol, r#"2["early"]"#);
    assert_eq!(protocol.refuse("/"), 1);
    assert!(matches!(say(&mut protocol, "0"), Step::Connect { .. }));
    assert_eq!(protocol.refuse("/"), 0, "what was said before the refusal is dropped");
    assert_broken(&say(&mut protocol, r#"2["say"]"#));
}

#[test]
fn a_client_that_leaves_while_connecting_is_gone() {
    let mut protocol = connecting();
    say(&mut protocol, r#"2["early"]"#);
    assert!(matches!(say(&mut protocol, "1"), Step::Leave { waited: 1, .. }));
    assert!(matches!(protocol.accept("/"), Accepted::Gone));
    assert_eq!(protocol.refuse("/"), 0);
}

#[test]
fn namespaces_stand_by_themselves() {
    let mut protocol = connected();
    assert_broken(&say(&mut protocol, r#"2/admin,["early"]"#));
    assert!(matches!(say(&mut protocol, "0/admin,{}"), Step::Connect { .. }));
    assert!(matches!(protocol.accept("/admin"), Accepted::Connected));
    assert_eq!(event(say(&mut protocol, r#"2/admin,["say"]"#)).0, "say");
    assert!(matches!(say(&mut protocol, "1/admin"), Step::Leave { .. }));
    assert_eq!(event(say(&mut protocol, r#"2["say"]"#)).0, "say");
    assert_broken(&say(&mut protocol, r#"2/admin,["late"]"#));
}

#[test]
fn an_unknown_namespace_is_refused_and_costs_nothing() {
    for mut protocol in [new(), connecting(), connected()] {
        let before = protocol.seats.len();
        for number in 0..10_000 {
            let Step::Send(told) = say(&mut protocol, &format!("0/{number},{{}}")) else {
                panic!()
            };
            assert_eq!(told, format!(r#"44/{number},{{"message":"Invalid namespace"}}"#));
        }
        assert_eq!(protocol.seats.len(), before);
        assert_broken(&say(&mut protocol, r#"2/1,["say"]"#));
    }
}

#[test]
fn what_was_under_way_when_the_server_ended_a_namespace_is_passed_over() {
    let mut protocol = connected();
    assert!(protocol.end("/"));
    assert!(!protocol.end("/"));
    assert!(!protocol.is_somewhere());
    assert!(matches!(say(&mut protocol, r#"2["late"]"#), Step::Passed));
    assert!(matches!(say(&mut protocol, "1"), Step::Nothing));
    assert!(matches!(say(&mut protocol, "0"), Step::Connect { .. }));
}

#[test]
fn acknowledgements_reach_whoever_asked() {
    for mut protocol in [connecting(), connected()] {
        let step = say(&mut protocol, "312[1]");
        let Step::Answer { id, reply, .. } = step else { panic!("{step:?}") };
        assert_eq!((id, reply.args[0].get()), (12, "1"));
    }
}

#[test]
fn attachments_are_put_together() {
    let mut protocol = connected();
    let text = r#"52-7["f",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
    assert!(matches!(say(&mut protocol, text), Step::Waits));
    assert!(protocol.attachments_by().is_some());
    assert!(matches!(protocol.binary(Bytes::from_static(b"one"), known), Step::Waits));
    let step = protocol.binary(Bytes::from_static(b"two"), known);
    let Step::Event { heard, .. } = step else { panic!("{step:?}") };
    assert_eq!(heard.ack, Some(7));
    assert_eq!(heard.event.attachment(&heard.event.args[1]).unwrap(), "two");
    assert!(protocol.attachments_by().is_none());
    say(&mut protocol, r#"61-3[{"_placeholder":true,"num":0}]"#);
    let step = protocol.binary(Bytes::from_static(b"x"), known);
    let Step::Answer { id: 3, reply, .. } = step else { panic!("{step:?}") };
    assert_eq!(reply.attachments, ["x"]);
}

#[test]
fn attachments_are_limited_and_nothing_comes_in_between() {
    let one = r#"51-["f",{"_placeholder":true,"num":0}]"#;
    assert_broken(&connected().binary(Bytes::from_static(b"x"), known));
    let mut protocol = connected();
    say(&mut protocol, one);
    assert_broken(&say(&mut protocol, r#"2["say"]"#));
    let mut protocol = connected();
    let step = say(&mut protocol, r#"53-["f"]"#);
    assert!(matches!(step, Step::Close(CloseReason::TooLarge)), "{step:?}");
    let mut protocol = connected();
    say(&mut protocol, one);
    let step = protocol.binary(Bytes::from_static(b"eleven bytes"), known);
    assert!(matches!(step, Step::Close(CloseReason::TooLarge)), "{step:?}");
}

#[test]
fn what_breaks_the_protocol_closes() {
    for text in [r#"2["early"]"#, "1", "31[]"] {
        assert_broken(&say(&mut new(), text));
    }
    assert_broken(&say(&mut connecting(), "0"));
    assert_broken(&say(&mut connected(), "0"));
    let told = unknown("/x");
    assert_eq!(told, format!("44/x,{}", json!({"message": "Invalid namespace"})));
}
