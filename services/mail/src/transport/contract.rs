//! What every transport must do, tried on each.

use std::path::PathBuf;
use std::time::Duration;

use kernel::Timestamp;
use lettre::Message;
use lettre::message::header::ContentType;
use testkit::servers;
use testkit::wait::until;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use uuid::Uuid;

use super::folder::Folder;
use super::smtp::Smtp;
use super::store::{Letter, Transport, TransportError};

const PATIENCE: Duration = Duration::from_secs(10);

fn letter(to: &str, body: &str) -> Letter {
    let message = Message::builder()
        .from("Restante <restante@localhost>".parse().unwrap())
        .to(to.parse().unwrap())
        .subject("trial")
        .header(ContentType::TEXT_PLAIN)
        .body(body.to_owned())
        .unwrap();
    Letter {
        id: Uuid::from_u128(1),
        at: Timestamp::from_millis(1_767_225_600_000),
        envelope: message.envelope().clone(),
        bytes: message.formatted(),
    }
}

/// An address that no other test has.
fn somebody(local: &str) -> String {
    format!("{}@example.org", testkit::unique(local))
}

/// The mails in the folder that are to this address; a file that is not whole would lack its end.
fn mails_to(folder: &PathBuf, address: &str) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mails = files.filter(|path| path.extension().is_some_and(|end| end == "eml"));
    mails
        .map(|path| String::from_utf8(std::fs::read(path).unwrap()).unwrap())
        .filter(|mail| mail.contains(address))
        .collect()
}

/// What was sent is there when `send` has returned, whole and unchanged, once.
async fn delivers_what_it_was_given(transport: &dyn Transport, folder: &PathBuf) {
    transport.ping().await.unwrap();
    let address = somebody("ada");
    // A line that is a single dot ends a mail on the wire of SMTP unless it is stuffed.
    let letter = letter(&address, "first\r\n.\r\n..dots\r\n123456\r\nlast\r\n");
    transport.send(&letter).await.unwrap();
    let mails = mails_to(folder, &address);
    assert_eq!(mails.len(), 1);
    // The server may have added a line end, and headers of its own before ours.
    let sent = String::from_utf8(letter.bytes).unwrap();
    assert!(mails[0].trim_end().ends_with(sent.trim_end()), "{:?}", mails[0]);
}

/// Letters that go at the same time do not mix.
async fn keeps_letters_apart(transport: &dyn Transport, folder: &PathBuf) {
    let addresses: Vec<_> = (0..8).map(|_| somebody("bob")).collect();
    let letters = addresses.iter().enumerate().map(|(n, address)| Letter {
        id: Uuid::from_u128(n as u128 + 100),
        ..letter(address, &format!("for {address} alone\r\n"))
    });
    let letters: Vec<_> = letters.collect();
    let (a, b) = letters.split_at(4);
    let send = async |some: &[Letter]| {
        for letter in some {
            transport.send(letter).await.unwrap();
        }
    };
    tokio::join!(send(a), send(b));
    for address in &addresses {
        let mails = mails_to(folder, address);
        assert_eq!(mails.len(), 1, "{address}");
        assert!(mails[0].contains(&format!("for {address} alone")));
        assert_eq!(mails[0].matches("@example.org").count(), 2, "To and body name one person");
    }
}

#[tokio::test]
async fn a_folder_keeps_the_contract() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("deep/mail");
    let folder = Folder::open(&path, PATIENCE).await.unwrap();
    delivers_what_it_was_given(&folder, &path).await;
    keeps_letters_apart(&folder, &path).await;
}

#[tokio::test]
async fn an_smtp_server_keeps_the_contract() {
    let server = servers::smtp().await.unwrap();
    let smtp = Smtp::new(&server.url, PATIENCE).unwrap();
    delivers_what_it_was_given(&smtp, &server.mail).await;
    keeps_letters_apart(&smtp, &server.mail).await;
}

#[tokio::test]
async fn a_folder_lists_its_newest_whole_mails_and_hides_them_from_others() {
    use std::os::unix::fs::PermissionsExt;

    let place = tempfile::tempdir().unwrap();
    let folder = Folder::open(place.path(), PATIENCE).await.unwrap();
    for n in 1..=4_u8 {
        let mut letter = letter("ada@example.org", &format!("mail {n}\r\n"));
        letter.id = Uuid::from_u128(100 - u128::from(n));
        letter.at = letter.at.plus(Duration::from_millis(u64::from(n)));
        folder.send(&letter).await.unwrap();
    }
    std::fs::write(place.path().join("9999999999999-x.part"), "half").unwrap();
    let newest = folder.newest(3).await.unwrap();
    let bodies: Vec<_> =
        newest.iter().map(|mail| mail.trim_end().lines().last().unwrap()).collect();
    assert_eq!(bodies, ["mail 4", "mail 3", "mail 2"]);
    for file in std::fs::read_dir(place.path()).unwrap().map(Result::unwrap) {
        if file.path().extension().unwrap() == "eml" {
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}

#[tokio::test]
async fn a_refusal_for_good_is_told_from_one_for_now_and_names_no_address() {
    let server = servers::smtp().await.unwrap();
    let smtp = Smtp::new(&server.url, PATIENCE).unwrap();
    for code in ["550", "553"] {
        let sent = smtp.send(&letter(&format!("refuse-{code}@example.org"), "x\r\n")).await;
        assert_eq!(sent, Err(TransportError::Refused(format!("the server answered {code}"))));
    }
    // 535 is about our own password: mending the settings helps, and the mail is still good.
    for code in ["451", "421", "535"] {
        let sent = smtp.send(&letter(&format!("refuse-{code}@example.org"), "x\r\n")).await;
        assert_eq!(sent, Err(TransportError::Unavailable(format!("the server answered {code}"))));
    }
    // A refusal leaves nothing behind that the next mail could trip over.
    delivers_what_it_was_given(&smtp, &server.mail).await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    drop(listener);
    let smtp = Smtp::new(&url, PATIENCE).unwrap();
    assert!(matches!(smtp.ping().await, Err(TransportError::Unavailable(_))));
    let sent = smtp.send(&letter("ada@example.org", "x\r\n")).await;
    assert!(matches!(sent, Err(TransportError::Unavailable(_))));
}

/// Answers every command but the one that ends the mail, as a server does that is stuck; counts connections.
async fn stuck_server() -> (String, tokio::sync::mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let (count, connections) = tokio::sync::mpsc::channel(16);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            count.send(()).await.unwrap();
            tokio::spawn(async move {
                socket.write_all(b"220 stuck\r\n").await.unwrap();
                let mut bytes = [0_u8; 4096];
                while let Ok(length @ 1..) = socket.read(&mut bytes).await {
                    let words = String::from_utf8_lossy(&bytes[..length]).into_owned();
                    let answer = match words.get(..4) {
                        Some("DATA") => "354 go on\r\n",
                        Some("EHLO" | "MAIL" | "RCPT" | "NOOP" | "QUIT") => "250 ok\r\n",
                        _ => continue,
                    };
                    if socket.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (url, connections)
}

#[tokio::test]
async fn a_delivery_ends_at_its_deadline_and_its_connection_is_never_used_again() {
    let (url, mut connections) = stuck_server().await;
    let smtp = Smtp::new(&url, Duration::from_millis(300)).unwrap();
    for n in 1..=3 {
        let letter = letter("ada@example.org", "x\r\n");
        let sent = tokio::time::timeout(PATIENCE, smtp.send(&letter)).await;
        let sent = sent.expect("the deadline of the delivery, not of the test");
        assert!(matches!(sent, Err(TransportError::Unavailable(_))), "{sent:?}");
        let opened = until(PATIENCE, || std::future::ready(connections.try_recv().ok())).await;
        assert!(opened.is_ok(), "try {n} has a connection of its own");
    }
}

#[tokio::test]
async fn an_address_of_a_server_that_makes_no_sense_is_refused_with_the_remedy() {
    for url in ["smtp://", "smtp://host:99999", "smtp://user:secret@host?tls=maybe", "host"] {
        let error = format!("{:#}", Smtp::new(url, PATIENCE).unwrap_err());
        assert!(error.contains("smtps://") && !error.contains("secret"), "{url}: {error}");
    }
}
