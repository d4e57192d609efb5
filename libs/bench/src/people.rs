//! Pairs of people, logged in by mail, with their conversation.

use std::time::Duration;

use anyhow::{Context, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use testkit::stack::Stack;
use testkit::wait;

use crate::mailbox::Mailbox;

/// Log-ins at once.
const AT_ONCE: usize = 8;
/// From asking for a code to its mail.
const MAIL: Duration = Duration::from_secs(30);

/// A person who is logged in.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) token: String,
    pub(crate) id: String,
    /// The instance that they connect to.
    pub(crate) base: String,
}

/// Two people and their conversation.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) sender: Person,
    pub(crate) recipient: Person,
    pub(crate) conversation: String,
    pub(crate) epoch: String,
}

/// Logs in twice as many people, and opens their conversations. The two of a pair connect to different instances.
pub(crate) async fn pairs(stack: &Stack, count: usize) -> anyhow::Result<Vec<Pair>> {
    let http = reqwest::Client::new();
    let mailbox = Mailbox::new(&stack.mail);
    // The mail folder may hold codes of earlier runs.
    let run = testkit::unique("bench");
    let making = (0..count).map(|number| pair(stack, &http, (&mailbox, &run), number));
    stream::iter(making).buffered(AT_ONCE).try_collect().await
}

async fn pair(
    stack: &Stack,
    http: &reqwest::Client,
    (mailbox, run): (&Mailbox, &str),
    number: usize,
) -> anyhow::Result<Pair> {
    let (first, last) = (stack.instances.first(), stack.instances.last());
    let (first, last) = first.zip(last).context("no instances")?;
    let address = |who: &str| format!("{run}-{who}{number}@bench.test");
    let sender = person(stack, http, (mailbox, address("sender")), first).await?;
    let recipient = person(stack, http, (mailbox, address("recipient")), last).await?;
    let asked = json!({ "kind": "direct", "userId": recipient.id });
    let opened = open(http, &stack.base, &sender.token, &asked).await?;
    let conversation = field(&opened, "id")?;
    let epoch = field(&opened, "epoch")?;
    Ok(Pair { sender, recipient, conversation, epoch })
}

/// Makes a conversation.
pub(crate) async fn open(
    http: &reqwest::Client,
    base: &str,
    token: &str,
    asked: &Value,
) -> anyhow::Result<Value> {
    let url = format!("{base}/api/v1/conversations");
    let mut opened = answer(http.post(url).bearer_auth(token).json(asked)).await?;
    Ok(opened["conversation"].take())
}

/// A text that has to be there.
pub(crate) fn field(of: &Value, name: &str) -> anyhow::Result<String> {
    of[name].as_str().map(str::to_owned).with_context(|| format!("no {name} in {of}"))
}

async fn person(
    stack: &Stack,
    http: &reqwest::Client,
    (mailbox, address): (&Mailbox, String),
    instance: &str,
) -> anyhow::Result<Person> {
    let auth = format!("{}/api/v1/auth", stack.base);
    let asked =
        answer(http.post(format!("{auth}/login")).json(&json!({ "email": address }))).await?;
    let code =
        wait::until(MAIL, || async { mailbox.code(&address) }).await.context("no mail came")?;
    let verify = json!({
        "challenge": asked["challenge"],
        "otp": code,
        "device": { "name": "bench", "platform": "bench" },
    });
    let verified = answer(http.post(format!("{auth}/verify")).json(&verify)).await?;
    let (token, id) = (field(&verified, "accessToken")?, field(&verified["user"], "id")?);
    Ok(Person { token, id, base: instance.to_owned() })
}

/// The body of a good answer.
pub(crate) async fn answer(request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
    let response = request.send().await?;
    let status = response.status();
    let body: Value = response.json().await?;
    ensure!(status.is_success(), "{status}: {body}");
    Ok(body)
}
