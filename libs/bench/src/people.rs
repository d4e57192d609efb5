//! Pairs of people, logged in by mail, with their conversation.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use testkit::stack::Stack;
use testkit::wait;

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
    // The mail folder may hold codes of earlier runs.
    let run = testkit::unique("bench");
    let making = (0..count).map(|number| pair(stack, &http, &run, number));
    stream::iter(making).buffer_unordered(AT_ONCE).try_collect().await
}

async fn pair(
    stack: &Stack,
    http: &reqwest::Client,
    run: &str,
    number: usize,
) -> anyhow::Result<Pair> {
    let (first, last) = (stack.instances.first(), stack.instances.last());
    let (first, last) = first.zip(last).context("no instances")?;
    let sender = person(stack, http, format!("{run}-sender{number}@bench.test"), first).await?;
    let recipient =
        person(stack, http, format!("{run}-recipient{number}@bench.test"), last).await?;
    let request = http
        .post(format!("{}/api/v1/conversations", stack.base))
        .bearer_auth(&sender.token)
        .json(&json!({ "kind": "direct", "userId": recipient.id }));
    let opened = answer(request).await?;
    let text = |field: &str| opened["conversation"][field].as_str().map(str::to_owned);
    let conversation = text("id").context("a conversation without id")?;
    let epoch = text("epoch").context("a conversation without epoch")?;
    Ok(Pair { sender, recipient, conversation, epoch })
}

async fn person(
    stack: &Stack,
    http: &reqwest::Client,
    address: String,
    instance: &str,
) -> anyhow::Result<Person> {
    let auth = format!("{}/api/v1/auth", stack.base);
    let asked =
        answer(http.post(format!("{auth}/login")).json(&json!({ "email": address }))).await?;
    let mail: &Path = &stack.mail;
    let code =
        wait::until(MAIL, || async { code(mail, &address) }).await.context("no mail came")?;
    let verify = json!({
        "challenge": asked["challenge"],
        "otp": code,
        "device": { "name": "bench", "platform": "bench" },
    });
    let verified = answer(http.post(format!("{auth}/verify")).json(&verify)).await?;
    let token = verified["accessToken"].as_str().context("no token")?.to_owned();
    let id = verified["user"]["id"].as_str().context("no id")?.to_owned();
    Ok(Person { token, id, base: instance.to_owned() })
}

/// The code in the mail to this address, if it is there.
fn code(folder: &Path, address: &str) -> Option<String> {
    let mails = std::fs::read_dir(folder).ok()?;
    let texts = mails.flatten().filter_map(|mail| std::fs::read_to_string(mail.path()).ok());
    let own =
        |text: &String| text.lines().any(|line| line.starts_with("To:") && line.contains(address));
    let text = texts.into_iter().find(own)?;
    let is_code = |line: &&str| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit());
    text.lines().map(str::trim).find(is_code).map(str::to_owned)
}

async fn answer(request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
    let response = request.send().await?;
    let status = response.status();
    let body: Value = response.json().await?;
    ensure!(status.is_success(), "{status}: {body}");
    Ok(body)
}
