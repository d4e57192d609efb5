use std::time::Duration;

use bus::{Queue, Topology};

use super::{CHAT_EVENTS, SEND_OTP, topics};

/// Every queue between the services.
pub static TOPOLOGY: Topology = Topology {
    queues: &[
        // A code is good for minutes: a mail server that is away longer than that needs no more tries.
        Queue {
            name: SEND_OTP,
            topics: &[topics::SEND_OTP],
            backoff: &MAIL_BACKOFF,
            capacity: CAPACITY,
        },
        Queue {
            name: CHAT_EVENTS,
            topics: &[
                topics::SESSION_REVOKED,
                topics::DEVICE_REMOVED,
                topics::USER_UPDATED,
                topics::USER_BLOCKED,
                topics::USER_UNBLOCKED,
                topics::CONTACT_CHANGED,
            ],
            backoff: &EVENT_BACKOFF,
            capacity: CAPACITY,
        },
    ],
};

const CAPACITY: u32 = 100_000;
const MAIL_BACKOFF: [Duration; 6] = seconds([1, 3, 10, 30, 60, 120]);
const EVENT_BACKOFF: [Duration; 6] = seconds([1, 3, 10, 30, 120, 600]);

const fn seconds<const N: usize>(seconds: [u64; N]) -> [Duration; N] {
    let mut durations = [Duration::ZERO; N];
    let mut next = 0;
    while next < N {
        durations[next] = Duration::from_secs(seconds[next]);
        next += 1;
    }
    durations
}
