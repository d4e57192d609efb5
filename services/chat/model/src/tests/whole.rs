//! The protocol as it is: nothing may be wrong, in any order of anything.

use super::*;
use crate::config::Device;

const CALM: Config = Config::CALM;
const TWO_DEVICES: [Device; 3] = [Device::Live, Device::Live, Device::Absent];
const COMING_AND_GOING: [Device; 3] = [Device::Live, Device::Leaving, Device::New];

/// One search of small bounds, and one of large ones.
fn both(small: Config, large: Config) {
    holds(if is_large() { large } else { small });
}

#[test]
fn heads_of_any_age_while_entries_are_forgotten_and_headers_removed() {
    let small = Config {
        name: "old heads, 3 messages",
        messages: &[MESSAGE, EDIT, MESSAGE],
        warm: true,
        retention: true,
        ..CALM
    };
    let large = Config { name: "old heads, 3 messages, 2 attempts", attempts: 2, ..small };
    both(small, large);
}

#[test]
fn four_messages() {
    let messages = &[MESSAGE, EDIT, MESSAGE, MESSAGE];
    let small = Config { name: "4 messages", messages, retention: true, ..CALM };
    both(small, Config { name: "4 messages, old heads", warm: true, ..small });
}

#[test]
fn a_crash_at_every_step_and_retries_to_any_instance() {
    let small = Config {
        name: "crash and retry",
        messages: &[MESSAGE, EDIT],
        attempts: 2,
        crashes: 1,
        warm: true,
        retention: true,
        ..CALM
    };
    let messages = &[MESSAGE, EDIT, MESSAGE];
    both(small, Config { name: "crash and retry, 3 messages", messages, ..small });
}

#[test]
fn three_instances() {
    let small = Config {
        name: "3 instances, crash and retry",
        instances: 3,
        messages: &[MESSAGE, EDIT],
        attempts: 2,
        crashes: 1,
        retention: true,
        ..CALM
    };
    both(small, Config { name: "3 instances, crash, 3 attempts", attempts: 3, ..small });
}

#[test]
fn three_instances_with_a_message_each() {
    let small = Config {
        name: "3 instances, 3 messages",
        instances: 3,
        messages: &[MESSAGE, EDIT, MESSAGE],
        retention: true,
        ..CALM
    };
    both(small, Config { name: "3 instances, 3 messages, crash", crashes: 1, ..small });
}

#[test]
fn batches() {
    let small = Config {
        name: "batches of two, crash",
        messages: &[MESSAGE, EDIT, MESSAGE],
        batch: 2,
        crashes: 1,
        retention: true,
        ..CALM
    };
    let large = Config { name: "batches of two, crash and retry", attempts: 2, ..small };
    both(small, large);
}

#[test]
fn what_nobody_calls_for_is_dropped() {
    let small = Config {
        name: "30 days, crash",
        messages: &[MESSAGE, EDIT],
        crashes: 1,
        retention: true,
        cap: true,
        cuts: 1,
        ..CALM
    };
    let large = Config { name: "30 days, crash, 2 devices", devices: TWO_DEVICES, ..small };
    both(small, large);
}

#[test]
fn events_are_lost_and_connections_cut() {
    let small = Config {
        name: "lost events, cut connections, crash",
        messages: &[MESSAGE, EDIT],
        crashes: 1,
        attempts: 2,
        losses: 1,
        cuts: 1,
        ..CALM
    };
    let large = Config { name: "the same, 2 devices", devices: TWO_DEVICES, ..small };
    both(small, large);
}

#[test]
fn devices_come_and_go() {
    let small = Config {
        name: "a device comes, another goes",
        messages: &[MESSAGE, EDIT],
        retention: true,
        devices: COMING_AND_GOING,
        ..CALM
    };
    both(
        small,
        Config { name: "the same, crash and fail-over", crashes: 1, failovers: 1, ..small },
    );
}

#[test]
fn a_head_is_loaded_by_two_reads() {
    let small = Config {
        name: "two reads for a head",
        messages: &[MESSAGE, EDIT],
        split_load: true,
        crashes: 1,
        attempts: 2,
        retention: true,
        ..CALM
    };
    let messages = &[MESSAGE, EDIT, MESSAGE];
    both(small, Config { name: "two reads for a head, 3 messages", messages, ..small });
}

#[test]
fn a_fail_over_takes_back_what_no_majority_has() {
    let small = Config {
        name: "fail-over, crash and retry",
        messages: &[MESSAGE, EDIT],
        attempts: 2,
        crashes: 1,
        failovers: 1,
        ..CALM
    };
    both(small, Config { name: "two fail-overs, crash, cut", failovers: 2, cuts: 1, ..small });
}

#[test]
fn a_fail_over_while_batches_are_inserted() {
    let small = Config {
        name: "fail-over, batches",
        messages: &[MESSAGE, EDIT, MESSAGE],
        batch: 2,
        failovers: 1,
        ..CALM
    };
    both(small, Config { name: "fail-over, batches, 2 attempts", attempts: 2, ..small });
}

#[test]
fn a_fail_over_while_entries_are_forgotten() {
    let small = Config {
        name: "fail-over, retention",
        messages: &[MESSAGE, EDIT],
        failovers: 1,
        retention: true,
        ..CALM
    };
    let large = Config {
        name: "fail-over, retention, crash, cut, retry",
        attempts: 2,
        crashes: 1,
        cuts: 1,
        ..small
    };
    both(small, large);
}

#[test]
fn answers_are_lost_and_inserts_land_late() {
    let small = Config {
        name: "lost answers, late inserts",
        messages: &[MESSAGE, EDIT],
        batch: 2,
        lost_replies: 1,
        late: true,
        retention: true,
        ..CALM
    };
    both(
        small,
        Config { name: "lost answers, late inserts, crash", crashes: 1, attempts: 2, ..small },
    );
}

#[test]
fn inserts_land_late_after_a_fail_over() {
    let small = Config {
        name: "late inserts, fail-over",
        messages: &[MESSAGE, EDIT],
        batch: 2,
        lost_replies: 1,
        failovers: 1,
        late: true,
        ..CALM
    };
    both(small, Config { name: "late inserts, fail-over, retry", attempts: 2, ..small });
}

#[test]
fn a_member_is_removed_while_writing() {
    let small = Config {
        name: "removal, crash",
        messages: &[OTHERS, REMOVAL, OTHERS],
        batch: 2,
        crashes: 1,
        ..CALM
    };
    both(small, Config { name: "removal, crash and retry", attempts: 2, ..small });
}

#[test]
fn somebody_joins_and_somebody_is_removed() {
    let small = Config {
        name: "join and removal, fail-over",
        messages: &[OTHERS, JOIN, REMOVAL],
        failovers: 1,
        ..CALM
    };
    let large =
        Config { name: "join and removal, fail-over, retry", attempts: 2, batch: 2, ..small };
    both(small, large);
}

#[test]
fn one_persons_messages_stay_in_order() {
    let small = Config {
        name: "order over failures",
        messages: &[MESSAGE, MESSAGE, OTHERS],
        attempts: 2,
        lost_replies: 1,
        batch: 2,
        in_order: true,
        ..CALM
    };
    both(
        small,
        Config { name: "order over failures and a crash", late: true, crashes: 1, ..small },
    );
}

#[test]
fn nothing_goes_round_in_circles() {
    let config = Config {
        name: "an end is in reach from everywhere",
        messages: &[MESSAGE, EDIT],
        batch: 2,
        crashes: 1,
        attempts: 2,
        ..CALM
    };
    see_through(config, Search { ends_reachable: Some(Flaw::Stuck), ..Search::all() });
}
