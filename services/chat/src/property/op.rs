//! What happens in a case, one thing after another.

use kernel::Random;

/// People of a case.
pub const PEOPLE: u8 = 3;
/// Conversations of a case: two of two people, and a group that the first one owns.
pub const TALKS: u8 = 3;
/// The group.
pub const GROUP: usize = 2;
/// Instances of the service.
pub const INSTANCES: u8 = 3;

/// One thing that happens. Numbers name whatever is there when its turn comes, counted round, so that any part of a list is
/// a list as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Somebody writes. `heard`: the other instances hear of it through the fan-out.
    Send { from: u8, talk: u8, at: u8, heard: bool },
    /// A message that was sent is sent again.
    Retry { which: u8, at: u8 },
    /// Somebody else uses the id of a message, or the same person for other words.
    Steal { which: u8, by: u8, at: u8 },
    /// Several write at the same moment, over different instances. `twice`: each message over two of them.
    Race { talk: u8, sends: Vec<(u8, u8)>, twice: bool },
    /// Who wrote a message gives it other words.
    Edit { which: u8, at: u8 },
    /// A message is taken back from everyone, by somebody who may or may not.
    Delete { which: u8, by: u8, at: u8 },
    /// The owner brings somebody into the group.
    Join { who: u8, at: u8 },
    /// Somebody leaves the group, or is sent away.
    Leave { who: u8, sent_away: bool, at: u8 },
    /// The owner changes how long the group keeps content.
    Keep { archive: bool, at: u8 },
    /// A device has stored up to there; one more than there is, now and then.
    Ack { device: u8, talk: u8, seq: u8, at: u8 },
    /// Several devices have stored everything, at the same moment.
    AckAll { talk: u8, at: u8 },
    /// One of the two of a direct conversation blocks the other, or does not any more.
    Block { who: u8, talk: u8, stands: bool, at: u8 },
    /// Somebody has read up to there.
    Read { who: u8, talk: u8, seq: u8, at: u8 },
    /// A device asks for everything above its cursors.
    Sync { device: u8, at: u8 },
    /// A device asks for a stretch.
    Range { device: u8, talk: u8, from: u8, at: u8 },
    /// Somebody logs in on a further device, which connects or does not yet.
    LogIn { who: u8, at: u8, connects: bool },
    /// A device is logged out, or was unseen for too long.
    LogOut { device: u8, at: u8 },
    /// An instance ends and another takes its place.
    Restart { at: u8 },
    /// Time passes.
    Wait { minutes: u16 },
    /// An instance looks after what is left to do.
    Sweep { at: u8 },
}

/// Draws the list of a case.
pub fn draw(random: &dyn Random) -> Vec<Op> {
    let count = 8 + random.below(8);
    (0..count).map(|_| one(random)).collect()
}

fn one(random: &dyn Random) -> Op {
    let any = || small(random, 250);
    let at = small(random, INSTANCES.into());
    let talk = small(random, TALKS.into());
    let who = small(random, PEOPLE.into());
    match random.below(100) {
        0..20 => Op::Send { from: any(), talk, at, heard: random.below(2) == 0 },
        20..25 => Op::Retry { which: any(), at },
        25..28 => Op::Steal { which: any(), by: any(), at },
        28..32 => {
            let sends = (0..2 + random.below(3)).map(|_| (any(), small(random, 3))).collect();
            Op::Race { talk, sends, twice: random.below(3) == 0 }
        }
        32..47 => Op::Ack { device: any(), talk, seq: any(), at },
        47..54 => Op::AckAll { talk, at },
        54..58 => Op::Read { who, talk, seq: any(), at },
        58..64 => Op::Sync { device: any(), at },
        64..67 => Op::Range { device: any(), talk, from: any(), at },
        67..71 => Op::LogIn { who, at, connects: random.below(3) > 0 },
        71..75 => Op::LogOut { device: any(), at },
        75..78 => Op::Restart { at },
        78..82 => {
            let minutes = [1, 11, 60, 24 * 60 + 1];
            Op::Wait { minutes: minutes[usize::from(small(random, 4))] }
        }
        82..85 => Op::Sweep { at },
        85..89 => Op::Edit { which: any(), at },
        89..92 => Op::Delete { which: any(), by: any(), at },
        92..95 => Op::Join { who, at },
        95..97 => Op::Leave { who, sent_away: random.below(2) == 0, at },
        97..98 => {
            let talk = small(random, GROUP as u64);
            Op::Block { who: small(random, 2), talk, stands: random.below(3) > 0, at }
        }
        _ => Op::Keep { archive: random.below(2) == 0, at },
    }
}

fn small(random: &dyn Random, below: u64) -> u8 {
    u8::try_from(random.below(below)).unwrap_or(0)
}
