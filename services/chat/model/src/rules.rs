//! The protective rules of the protocol, each of them a switch, and what must not be.

use std::fmt;

/// What protects the log. All hold in the product; a counterexample switches one off.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// R1: a head is believed for minutes, a header stays for a day. So nobody numbers behind a removed header.
    pub bounded_heads: bool,
    /// R1: nobody deletes an entry because the floor has passed it ("the fence").
    pub no_fence: bool,
    /// R2: who finds its entry stored publishes it and raises the head before the acknowledgement.
    pub retry_finishes: bool,
    /// R3: nothing is acknowledged before it is published.
    pub publish_before_ack: bool,
    /// R3: nothing is acknowledged before the head counts it.
    pub head_before_ack: bool,
    /// R4: the head is loaded by a majority read.
    pub majority_load: bool,
    /// R4: devices read by majority reads.
    pub majority_sync: bool,
    /// R4: what became of a draft is looked up by a majority read.
    pub majority_lookup: bool,
    /// R5: several drafts of one conversation are inserted in order, up to the first failure.
    pub ordered_insert: bool,
    /// R6: who meets a position above the head raises the head first.
    pub head_above_cursors: bool,
    /// R6: nor is anything dropped after thirty days that the head does not count.
    pub head_above_cap: bool,
    /// R8: heads are read again from time to time.
    pub anti_entropy: bool,
    /// A new device has a durable cursor before its first read is answered.
    pub cursor_before_read: bool,
    /// The last device of a person leaves a placeholder, which holds the floor for the next one.
    pub placeholder: bool,
    /// What must be tried again goes before what came later.
    pub requeue_in_front: bool,
    /// When a draft fails, what the same person has waiting behind it fails too.
    pub fail_later: bool,
    /// A draft is not stored behind a change of membership that its check did not see.
    pub check_members: bool,
    /// Who is removed is out before the entry that says so.
    pub out_before_entry: bool,
    /// Who checks a member reads the last change of membership first, then the member.
    pub change_before_member: bool,
    /// A reader takes the end of the log before the entries: what the end counts and is missing is gone.
    pub end_before_entries: bool,
}

impl Rules {
    /// The protocol as it is.
    pub const ALL: Self = Self {
        bounded_heads: true,
        no_fence: true,
        retry_finishes: true,
        publish_before_ack: true,
        head_before_ack: true,
        majority_load: true,
        majority_sync: true,
        majority_lookup: true,
        ordered_insert: true,
        head_above_cursors: true,
        head_above_cap: true,
        anti_entropy: true,
        cursor_before_read: true,
        placeholder: true,
        requeue_in_front: true,
        fail_later: true,
        check_members: true,
        out_before_entry: true,
        change_before_member: true,
        end_before_entries: true,
    };
}

/// What must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// Two acknowledged entries have one position.
    SharedPlace,
    /// A retry was answered with another position than the first time.
    OtherAnswer,
    /// An acknowledged entry is not in the log.
    NotDurable,
    /// An acknowledged entry was never published.
    NotPublished,
    /// The head does not count an acknowledged entry.
    NotCounted,
    /// An acknowledged message can no longer reach a live device, or did not when all was over.
    Lost,
    /// An entry appeared below a reader's cursor.
    Overtaken,
    /// Content was forgotten that a live device still needs.
    Forgotten,
    /// One message appeared at two positions.
    Twice,
    /// A reader has something that is not in the log.
    Unreal,
    /// A position is free below a taken one.
    Hole,
    /// An entry, or the head, has a wrong count or a wrong last change of membership.
    Miscounted,
    /// Somebody who was removed has an entry behind their removal.
    Intruder,
    /// Messages of one person are not in the order in which they were sent.
    Swapped,
    /// Something waits for ever.
    Stuck,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
