//! What a client shows: from a snapshot, or from a snapshot and every live event after it. As `docs/client-rules.md` says.

use std::collections::{BTreeMap, BTreeSet};

use kernel::UserId;
use serde_json::{Value, json};

/// Everything a client shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    pub talks: BTreeMap<String, Talk>,
    /// How far others have read and stored, by conversation and person.
    pub receipts: BTreeMap<(String, String), [u64; 2]>,
    /// Messages deleted for oneself, with their conversations.
    pub hidden: BTreeSet<(String, String)>,
}

/// One conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Talk {
    /// The view, but for what is told apart below and what only the server needs.
    pub about: Value,
    /// Who may do what.
    pub roles: BTreeMap<String, Value>,
    /// By position.
    pub messages: BTreeMap<u64, Value>,
    /// Everything up to here is in `messages`.
    pub stored: u64,
    /// Messages that there were when it was hidden: it is as long as there are no more.
    hidden_at: Option<u64>,
}

impl Talk {
    /// As the server shows it, without the messages.
    pub fn new(view: &Value) -> Self {
        let mut about = view.clone();
        let fields = about.as_object_mut().unwrap();
        let members = fields.remove("members").unwrap();
        let floor = fields.remove("floor").unwrap();
        let role = |member: &Value| (text(&member["user"]["id"]), member["role"].clone());
        let roles = members.as_array().unwrap().iter().map(role).collect();
        let hidden_at = (about["hidden"] == true).then(|| number(&about["head"]["count"]));
        Self { about, roles, messages: BTreeMap::new(), stored: number(&floor), hidden_at }
    }

    pub fn head(&self) -> u64 {
        number(&self.about["head"]["seq"])
    }

    fn raise_read(&mut self, seq: u64, count: u64) {
        let read = &self.about["read"];
        let (seq, count) = (seq.max(number(&read["seq"])), count.max(number(&read["count"])));
        self.about["read"] = json!({ "seq": seq, "count": count });
        self.count_unread();
    }

    fn hide(&mut self, at: Option<u64>) {
        let messages = number(&self.about["head"]["count"]);
        self.hidden_at = at.filter(|at| messages <= *at);
        self.about["hidden"] = json!(self.hidden_at.is_some());
    }

    fn count_unread(&mut self) {
        let head = number(&self.about["head"]["count"]);
        let unread = head.saturating_sub(number(&self.about["read"]["count"]));
        self.about["unread"] = json!(if self.about["kind"] == "self" { 0 } else { unread });
    }

    /// What an entry does to the conversation itself. The view may have been taken before it did that or after, wherever its
    /// head lies: what the entry says is said again. What only rises has risen by those above the head alone.
    fn turn(&mut self, me: UserId, entry: &Value) {
        let (seq, count, data) = (number(&entry["seq"]), number(&entry["count"]), &entry["data"]);
        let kind = text(&entry["type"]);
        if seq > self.head() {
            self.about["head"] = json!({ "seq": seq, "count": count });
            self.about["lastEntry"] = entry.clone();
            self.hide(self.hidden_at);
            self.count_unread();
        }
        if entry["senderId"] == me.to_string() {
            self.raise_read(seq, count);
        }
        match kind.as_str() {
            // The conversation is over, and what was said forgotten.
            "member" if data.is_null() => {}
            "member" => self.member(me, entry),
            "conversation" => {
                for field in ["title", "retention"] {
                    if let Some(value) = data.get(field) {
                        self.about[field] = value.clone();
                    }
                }
            }
            _ => {}
        }
    }

    fn member(&mut self, me: UserId, entry: &Value) {
        let data = &entry["data"];
        let user = text(&data["userId"]);
        if data["op"] == "joined" && user == me.to_string() {
            self.raise_read(number(&entry["seq"]), number(&entry["count"]));
        }
        match text(&data["op"]).as_str() {
            "joined" | "role" => self.roles.insert(user, data["role"].clone()),
            "left" | "removed" => self.roles.remove(&user),
            other => panic!("no client knows what {other} is"),
        };
        self.about["memberCount"] = json!(self.roles.len());
    }

    /// What an entry does to the messages.
    fn fold(&mut self, entry: &Value) {
        let data = &entry["data"];
        let target = self.messages.values_mut().find(|message| message["id"] == data["messageId"]);
        match (text(&entry["type"]).as_str(), target) {
            ("message", _) => {
                self.messages.insert(number(&entry["seq"]), message(entry));
            }
            ("edit", Some(message)) if message["deleted"] == false => {
                for field in ["text", "formatting"] {
                    message["data"][field] = data[field].clone();
                }
                message["editedAt"] = entry["createdAt"].clone();
            }
            ("delete", Some(message)) => {
                let id = message["id"].clone();
                message["deleted"] = json!(true);
                (message["data"], message["editedAt"]) = (Value::Null, Value::Null);
                message["reactions"] = json!([]);
                self.forget_excerpts(&id);
            }
            ("reaction", Some(message)) if message["deleted"] == false => {
                react(message["reactions"].as_array_mut().unwrap(), entry);
            }
            _ => {}
        }
    }

    fn forget_excerpts(&mut self, of: &Value) {
        for message in self.messages.values_mut() {
            if message["data"]["replyTo"]["id"] == *of {
                message["data"]["replyTo"]["excerpt"] = json!("");
            }
        }
    }
}

impl Shown {
    /// A live event that is no entry.
    pub fn hear(&mut self, me: UserId, event: &str, payload: &Value) {
        match event {
            "conversation:added" => {
                self.meet(Talk::new(payload));
            }
            "conversation:removed" => self.drop_talk(&text(&payload["id"])),
            "message:read" => self.receipt(me, payload, (0, number(&payload["seq"]))),
            "message:delivered" => self.receipt(me, payload, (1, number(&payload["seq"]))),
            other => panic!("no client knows the event {other}"),
        }
    }

    /// A conversation that is known already needs no other view: the entries say what changes.
    pub fn meet(&mut self, talk: Talk) -> &mut Talk {
        self.talks.entry(text(&talk.about["id"])).or_insert(talk)
    }

    pub fn drop_talk(&mut self, id: &str) {
        self.talks.remove(id);
        self.receipts.retain(|(talk, _), _| talk != id);
        self.hidden.retain(|(talk, _)| talk != id);
    }

    /// How far somebody has read (0) or stored (1). Both only rise.
    pub fn receipt(&mut self, me: UserId, payload: &Value, (which, seq): (usize, u64)) {
        let (talk, user) = (text(&payload["conversationId"]), text(&payload["userId"]));
        let there = self.talks.get(&talk).is_some_and(|talk| talk.roles.contains_key(&user));
        if there && user != me.to_string() {
            let receipt = &mut self.receipts.entry((talk, user)).or_default()[which];
            *receipt = (*receipt).max(seq);
        }
    }

    /// Between which positions something is missing before the entry can be taken in.
    pub fn lacks(&self, entry: &Value) -> Option<(u64, u64)> {
        let talk = self.talks.get(&text(&entry["conversationId"]))?;
        let before = number(&entry["seq"]) - 1;
        (talk.stored < before).then_some((talk.stored, before))
    }

    /// An entry, live or out of the log; the next one.
    pub fn entry(&mut self, me: UserId, entry: &Value) {
        let id = text(&entry["conversationId"]);
        // Left, and this was on its way.
        let Some(talk) = self.talks.get_mut(&id) else { return };
        let seq = number(&entry["seq"]);
        if seq != talk.stored + 1 {
            return;
        }
        talk.stored = seq;
        talk.fold(entry);
        talk.turn(me, entry);
        let by = |user: &Value| json!({ "conversationId": id, "userId": user });
        let data = &entry["data"];
        match (text(&entry["type"]).as_str(), text(&data["op"]).as_str()) {
            ("account", _) => return self.account(data),
            ("member", "left" | "removed") => {
                self.receipts.remove(&(id.clone(), text(&data["userId"])));
            }
            ("member", "joined") => self.receipt(me, &by(&data["userId"]), (0, seq)),
            _ => {}
        }
        self.receipt(me, &by(&entry["senderId"]), (0, seq));
    }

    /// Notes a message that the person deleted for themself.
    pub fn hide(&mut self, data: &Value) {
        let talk = text(&data["conversationId"]);
        if data["op"] == "hidden-message" && self.talks.contains_key(&talk) {
            self.hidden.insert((talk, text(&data["messageId"])));
        }
    }

    /// What another device of the person did, or what was done to their account.
    fn account(&mut self, data: &Value) {
        let id = text(&data["conversationId"]);
        let op = text(&data["op"]);
        self.hide(data);
        let Some(talk) = self.talks.get_mut(&id) else { return };
        match op.as_str() {
            "read" => talk.raise_read(number(&data["seq"]), number(&data["count"])),
            "settings" => {
                for field in ["muted", "pinned", "archived", "markedUnread"] {
                    if let Some(value) = data.get(field) {
                        talk.about[field] = value.clone();
                    }
                }
                if data.get("hidden").is_some() {
                    talk.hide(data.get("count").map(number));
                }
            }
            // The conversation itself comes and goes by events of its own.
            "hidden-message" | "conversation-added" | "conversation-removed" => {}
            other => panic!("no client knows what {other} is"),
        }
    }
}

fn message(entry: &Value) -> Value {
    let mut message = entry.clone();
    message["editedAt"] = Value::Null;
    message["reactions"] = json!([]);
    message["deleted"] = json!(false);
    message
}

fn react(reactions: &mut Vec<Value>, entry: &Value) {
    let (emoji, who) = (&entry["data"]["emoji"], &entry["senderId"]);
    let at = reactions.iter().position(|one| one["emoji"] == *emoji);
    let adds = entry["data"]["op"] == "add";
    let Some(at) = at else {
        if adds {
            reactions.push(json!({ "emoji": emoji, "userIds": [who] }));
        }
        return;
    };
    let users = reactions[at]["userIds"].as_array_mut().unwrap();
    users.retain(|user| adds || user != who);
    if adds && !users.contains(who) {
        users.push(who.clone());
    }
    if users.is_empty() {
        reactions.remove(at);
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}
