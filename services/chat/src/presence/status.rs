//! What people say of themselves, and what others see of it.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

/// What a device says of its person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Chosen {
    /// Here.
    Online = 1,
    /// The device was not touched for a while.
    Away = 2,
    /// Here, and not to be disturbed.
    Busy = 3,
    /// Here, and not to be seen.
    Invisible = 4,
}

impl Chosen {
    /// As [`Chosen::as_byte`] wrote it.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Online),
            2 => Some(Self::Away),
            3 => Some(Self::Busy),
            4 => Some(Self::Invisible),
            _ => None,
        }
    }

    /// In one byte; none is 0.
    pub const fn as_byte(self) -> u8 {
        self as u8
    }
}

/// What others see of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Shown {
    /// On one device at least.
    Online,
    /// On no device that was touched lately.
    Away,
    /// Not to be disturbed.
    Busy,
    /// On none, or not to be seen.
    Offline,
}

impl Shown {
    /// What follows from all devices together. What a person asked for on one of them holds for all: not to be seen before
    /// not to be disturbed. Else it is enough to be there on one.
    pub fn of(devices: &[Chosen]) -> Self {
        let any = |chosen| devices.contains(&chosen);
        if any(Chosen::Invisible) {
            Self::Offline
        } else if any(Chosen::Busy) {
            Self::Busy
        } else if any(Chosen::Online) {
            Self::Online
        } else if any(Chosen::Away) {
            Self::Away
        } else {
            Self::Offline
        }
    }
}

/// What is known of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// What others see.
    pub shown: Shown,
    /// When they were last here, of somebody who is not; `None` where nobody knows any more.
    pub last_seen: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_there_on_any_device_and_what_they_ask_for_holds_for_all() {
        use Chosen::{Away, Busy, Invisible, Online};
        for (devices, shown) in [
            (&[][..], Shown::Offline),
            (&[Away], Shown::Away),
            (&[Away, Online], Shown::Online),
            (&[Online, Busy, Away], Shown::Busy),
            (&[Online, Busy, Invisible], Shown::Offline),
        ] {
            assert_eq!(Shown::of(devices), shown, "{devices:?}");
        }
    }

    #[test]
    fn a_byte_says_what_was_chosen() {
        for chosen in [Chosen::Online, Chosen::Away, Chosen::Busy, Chosen::Invisible] {
            assert_eq!(Chosen::from_byte(chosen.as_byte()), Some(chosen));
        }
        assert_eq!(Chosen::from_byte(0), None);
    }
}
