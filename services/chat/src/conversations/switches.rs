//! What a person sets about a conversation for themself: switches that only they see.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// No notifications.
    Muted,
    /// Kept on top of the list.
    Pinned,
    /// Not in the list until the next message.
    Hidden,
    /// Out of the list.
    Archived,
    /// Marked as unread by hand.
    MarkedUnread,
}

impl Switch {
    /// Every switch.
    pub const ALL: [Self; 5] =
        [Self::Muted, Self::Pinned, Self::Hidden, Self::Archived, Self::MarkedUnread];

    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Muted => "muted",
            Self::Pinned => "pinned",
            Self::Hidden => "hidden",
            Self::Archived => "archived",
            Self::MarkedUnread => "marked_unread",
        }
    }
}

/// How a person has set the switches of one conversation.
///
/// Each is kept as a mark: where the person's own log says so, and what it says, in one number. So the mark that counts is
/// the highest, in whatever order they come in; 0 is off, and never touched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Switches {
    marks: [u64; Switch::ALL.len()],
    /// User-visible messages when it was hidden.
    hidden_at: u64,
}

impl Switches {
    /// As the store keeps them: the marks in the order of [`Switch::ALL`].
    pub const fn new(marks: [u64; Switch::ALL.len()], hidden_at: u64) -> Self {
        Self { marks, hidden_at }
    }

    /// How the switch is set, in a conversation with so many user-visible messages: the next message shows what is hidden.
    pub const fn is_on(&self, switch: Switch, messages: u64) -> bool {
        let on = self.marks[switch as usize] % 2 == 1;
        on && (!matches!(switch, Switch::Hidden) || messages <= self.hidden_at)
    }
}

/// What is to be different for the caller alone; what is not there stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PersonalChange)]
pub struct Change {
    /// No notifications.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted: Option<bool>,
    /// Kept on top of the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
    /// Not in the list until the next message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<bool>,
    /// Out of the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
    /// Marked as unread by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marked_unread: Option<bool>,
}

impl Change {
    /// Which switches are to be set, and how.
    pub fn switches(self) -> Vec<(Switch, bool)> {
        let Self { muted, pinned, hidden, archived, marked_unread } = self;
        let all = [
            (Switch::Muted, muted),
            (Switch::Pinned, pinned),
            (Switch::Hidden, hidden),
            (Switch::Archived, archived),
            (Switch::MarkedUnread, marked_unread),
        ];
        all.into_iter().filter_map(|(switch, on)| Some((switch, on?))).collect()
    }
}

/// Some switches to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Which, and how.
    pub switches: Vec<(Switch, bool)>,
    /// Position of the entry of the person's own log that says so.
    pub seq: u64,
    /// User-visible messages in the conversation, as far as known when it was asked for.
    pub messages: u64,
}

impl Setting {
    /// The marks as the store keeps them, and how many messages there were when it was hidden.
    pub fn marks(&self) -> (Vec<(Switch, u64)>, u64) {
        let mark = |(switch, on): &(Switch, bool)| (*switch, self.seq << 1 | u64::from(*on));
        let hides = self.switches.contains(&(Switch::Hidden, true));
        (self.switches.iter().map(mark).collect(), if hides { self.messages } else { 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_word_holds_whatever_it_says() {
        let said = |seq, on| Setting { switches: vec![(Switch::Pinned, on)], seq, messages: 0 };
        let marks = [said(2, true), said(7, false), said(7, true)].map(|said| said.marks().0[0].1);
        assert!(marks.is_sorted());
        let on = |mark| Switches::new([0, mark, 0, 0, 0], 0).is_on(Switch::Pinned, 0);
        assert_eq!(marks.map(on), [true, false, true]);
    }

    #[test]
    fn the_next_message_shows_what_is_hidden() {
        let hide = Setting { switches: vec![(Switch::Hidden, true)], seq: 1, messages: 4 };
        let (marks, at) = hide.marks();
        let switches = Switches::new([0, 0, marks[0].1, 0, 0], at);
        assert!(switches.is_on(Switch::Hidden, 4) && !switches.is_on(Switch::Hidden, 5));
    }
}
