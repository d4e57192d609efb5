//! Everything that can happen, in words.

use std::fmt;

use crate::instance::Load;

/// One thing that happens. Numbers are indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A client sends a message to an instance for the first time.
    Send(u8, usize),
    /// A client sends it again.
    Retry(u8, usize),
    /// The row of the member goes.
    Oust,
    /// The instance numbers so many drafts behind the head it believes in, and inserts the first.
    Begin(usize, u8),
    /// The instance takes so many drafts and loads the head.
    Load(usize, u8, Load),
    /// The instance reads the other half of the head.
    LoadRest(usize),
    /// The next draft of the instance arrives at the primary.
    Insert(usize),
    /// The answer to the insert arrives at the instance.
    Reply(usize),
    /// It does not; the rest may land late.
    LoseReply(usize, bool),
    /// The driver sends the insert again after a fail-over.
    SendAgain(usize),
    /// The instance gets an error for it.
    Fail(usize),
    /// The instance looks up what is stored all the same.
    LookUp(usize),
    /// The instance cannot ask, and gives up.
    GiveUp(usize),
    /// The instance compares with the floor.
    Fence(usize),
    /// The instance publishes its next entry.
    Publish(usize),
    /// The instance raises the head.
    Raise(usize),
    /// The instance acknowledges its next entry.
    Acknowledge(usize),
    /// The instance looks at the sender of a stale draft again.
    Check(usize),
    /// The instance crashes; the rest of its insert may land late.
    Crash(usize, bool),
    /// An entry of a late insert lands.
    Land,
    /// Everything written is on a majority.
    Commit,
    /// Another member becomes primary.
    FailOver,
    /// The device connects.
    Connect(usize),
    /// Its connection is cut.
    Cut(usize),
    /// The first of two reads of the device.
    ReadFirst(usize),
    /// The second.
    ReadSecond(usize),
    /// An event (message, position) arrives at the device.
    Hear(usize, u8, u8),
    /// It is lost.
    Lose(usize, u8, u8),
    /// The head is read again for the device.
    Notice(usize),
    /// The head is raised, for the device's cursor is above it.
    RaiseForAck(usize),
    /// The head is raised, for content that it does not count is due to be dropped.
    RaiseForCap,
    /// What the device has stored is folded into the delivery document.
    Fold(usize),
    /// A new device is given a cursor.
    Register(usize),
    /// The cursor is durable.
    Registered(usize),
    /// A new device reads before it has one.
    ReadEarly(usize),
    /// The device that read early is given a cursor.
    RegisterLate(usize),
    /// The device is removed.
    Unregister(usize),
    /// The content at a position is forgotten.
    Strip(u8),
    /// The header at a position is removed.
    Remove(u8),
    /// Nobody called for the content at a position for thirty days.
    Cap(u8),
}

fn name(instance: usize) -> char {
    ['A', 'B', 'C'][instance]
}

const fn tail(late: bool) -> &'static str {
    if late { "; the rest lands late" } else { "" }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Send(message, at) => write!(f, "m{message} is sent to {}", name(at)),
            Self::Retry(message, at) => write!(f, "m{message} is sent again, to {}", name(at)),
            Self::Oust => write!(f, "the member's row goes"),
            Self::Begin(at, count) => {
                write!(f, "{} numbers {count} behind its cached head, inserts the first", name(at))
            }
            Self::Load(at, count, Load::Whole) => {
                write!(f, "{} takes {count}, loads the head", name(at))
            }
            Self::Load(at, count, Load::Counted) => {
                write!(f, "{} takes {count}, reads the counted head", name(at))
            }
            Self::Load(at, count, Load::Top) => {
                write!(f, "{} takes {count}, reads the top of the log", name(at))
            }
            Self::LoadRest(at) => write!(f, "{} reads the other half of the head", name(at)),
            Self::Insert(at) => write!(f, "{} inserts the next", name(at)),
            Self::Reply(at) => write!(f, "{} gets the answer to its insert", name(at)),
            Self::LoseReply(at, late) => {
                write!(f, "{} gets no answer to its insert{}", name(at), tail(late))
            }
            Self::SendAgain(at) => write!(f, "the driver of {} sends the insert again", name(at)),
            Self::Fail(at) => write!(f, "{} gets an error for its insert", name(at)),
            Self::LookUp(at) => write!(f, "{} looks up what is stored", name(at)),
            Self::GiveUp(at) => write!(f, "{} cannot look up, gives up", name(at)),
            Self::Fence(at) => write!(f, "{} compares with the floor", name(at)),
            Self::Publish(at) => write!(f, "{} publishes", name(at)),
            Self::Raise(at) => write!(f, "{} raises the head", name(at)),
            Self::Acknowledge(at) => write!(f, "{} acknowledges", name(at)),
            Self::Check(at) => write!(f, "{} looks at the sender again", name(at)),
            Self::Crash(at, late) => write!(f, "{} crashes{}", name(at), tail(late)),
            Self::Land => write!(f, "an entry of the late insert lands"),
            Self::Commit => write!(f, "a majority has everything"),
            Self::FailOver => write!(f, "FAIL-OVER"),
            Self::Connect(device) => write!(f, "device {device} connects"),
            Self::Cut(device) => write!(f, "device {device} loses its connection"),
            Self::ReadFirst(device) => write!(f, "device {device} reads, first half"),
            Self::ReadSecond(device) => write!(f, "device {device} reads, second half"),
            Self::Hear(device, message, seq) => write!(f, "device {device} hears m{message}@{seq}"),
            Self::Lose(device, message, seq) => {
                write!(f, "m{message}@{seq} is lost on its way to device {device}")
            }
            Self::Notice(device) => write!(f, "device {device} is told of the head again"),
            Self::RaiseForAck(device) => write!(f, "the head is raised for device {device}"),
            Self::RaiseForCap => write!(f, "30 days later: the head is raised to what is there"),
            Self::Fold(device) => write!(f, "the cursor of device {device} is recorded"),
            Self::Register(device) => write!(f, "device {device} is given a cursor"),
            Self::Registered(device) => write!(f, "the cursor of device {device} is durable"),
            Self::ReadEarly(device) => write!(f, "device {device} starts without a cursor"),
            Self::RegisterLate(device) => write!(f, "device {device} is given a cursor at last"),
            Self::Unregister(device) => write!(f, "device {device} is removed"),
            Self::Strip(seq) => write!(f, "the content at {seq} is forgotten"),
            Self::Remove(seq) => write!(f, "a day later: the header at {seq} is removed"),
            Self::Cap(seq) => write!(f, "30 days later: the content at {seq} is dropped"),
        }
    }
}
