use serde_json::json;

use super::*;

fn event(step: Step) -> (String, Vec<String>, Option<u64>) {
    let Step::Event(event) = step else { panic!("not an event: {step:?}") };
    let args = event.args.iter().map(|arg| arg.get().to_owned()).collect();
    (event.name, args, event.ack)
}

fn connecting() -> Protocol {
    let mut protocol = Protocol::new();
    assert!(matches!(protocol.text(b"40"), Step::Connect(None)));
    protocol
}

fn connected() -> Protocol {
    let mut protocol = connecting();
    assert!(protocol.accept().is_empty());
    protocol
}

fn assert_broken(step: &Step, frame: &[u8]) {
    let broken = matches!(step, Step::Close(CloseReason::ProtocolError));
    assert!(broken, "{:?} gave {step:?}", String::from_utf8_lossy(frame));
}

#[test]
fn a_client_connects_and_speaks() {
    let mut protocol = Protocol::new();
    let Step::Connect(Some(auth)) = protocol.text(br#"40{"token":"t"}"#) else { panic!() };
    assert_eq!(auth.get(), r#"{"token":"t"}"#);
    assert!(!protocol.is_connected());
    assert!(protocol.accept().is_empty());
    assert!(protocol.is_connected());
    let heard = event(protocol.text(br#"427["say",{"a": 1},"b"]"#));
    assert_eq!(
        heard,
        ("say".to_owned(), vec![r#"{"a": 1}"#.to_owned(), "\"b\"".to_owned()], Some(7))
    );
    assert!(matches!(protocol.text(b"41"), Step::Close(CloseReason::ClientDisconnect)));
}

#[test]
fn what_is_said_while_connecting_waits_in_order() {
    let mut protocol = connecting();
    for name in ["first", "second", "third"] {
        assert!(matches!(protocol.text(format!("42[\"{name}\"]").as_bytes()), Step::Nothing));
    }
    assert_eq!(protocol.waiting(), 3);
    let names: Vec<_> = protocol.accept().into_iter().map(|event| event.name).collect();
    assert_eq!(names, ["first", "second", "third"]);
    assert_eq!(protocol.waiting(), 0);
}

#[test]
fn a_refused_client_may_ask_again_but_not_speak() {
    let refusal =
        Refusal { message: "who are you".to_owned(), data: json!({"code": "UNAUTHORIZED"}) };
    let mut protocol = connecting();
    assert!(matches!(protocol.text(br#"42["early"]"#), Step::Nothing));
    let told = protocol.refuse(&refusal);
    assert!(told.starts_with(b"44{"));
    assert!(matches!(protocol.text(b"40"), Step::Connect(None)));
    assert!(protocol.accept().is_empty(), "what was said before the refusal is dropped");

    let mut protocol = connecting();
    protocol.refuse(&refusal);
    assert_broken(&protocol.text(br#"42["say"]"#), b"after a refusal");
}

#[test]
fn other_namespaces_do_not_exist() {
    for mut protocol in [Protocol::new(), connecting(), connected()] {
        let Step::Send(told) = protocol.text(b"40/admin,{}") else { panic!() };
        assert_eq!(told, r#"44/admin,{"message":"Invalid namespace"}"#);
        assert_broken(&protocol.text(br#"42/admin,["say"]"#), b"foreign event");
    }
}

#[test]
fn the_engine_hears_what_is_its_own() {
    for mut protocol in [Protocol::new(), connecting(), connected()] {
        assert!(matches!(protocol.text(b"3"), Step::Alive));
        assert!(matches!(protocol.text(b"5"), Step::Nothing));
        assert!(matches!(protocol.text(b"6"), Step::Nothing));
        assert!(matches!(protocol.text(b"1"), Step::Close(CloseReason::TransportClosed)));
    }
    assert!(
        matches!(connected().text(b"4312[1]"), Step::Nothing),
        "an acknowledgement nobody waits for"
    );
}

#[test]
fn what_breaks_the_protocol_closes() {
    let always: [&[u8]; 10] = [
        b"",
        b"abc",
        b"0",
        b"2",
        b"2probe",
        b"4",
        b"49",
        b"4\xff",
        b"\xc3\x28",
        br#"451-["a",{"_placeholder":true,"num":0}]"#,
    ];
    for frame in always {
        assert_broken(&Protocol::new().text(frame), frame);
        assert_broken(&connecting().text(frame), frame);
        assert_broken(&connected().text(frame), frame);
    }
    for frame in [&br#"42["early"]"#[..], b"41", b"431[]"] {
        assert_broken(&Protocol::new().text(frame), frame);
    }
    assert_broken(&connecting().text(b"40"), b"second connect");
    assert_broken(&connected().text(b"40"), b"second connect");
}
