//! One rule off at a time: what it prevents must be found. C1 to C12 are the counterexamples of `docs/reliability.md`.

use super::*;
use crate::config::Device;
use crate::join::Join;
use crate::rules::Rules;

const ALL: Rules = Rules::ALL;
const TWO: &[Message] = &[MESSAGE, EDIT];

const CALM: Config = Config { messages: TWO, ..Config::CALM };
/// Everybody starts with the head of the empty log, and entries are forgotten.
const OLD_HEADS: Config = Config { warm: true, retention: true, ..CALM };
const CRASH: Config = Config { crashes: 1, attempts: 2, ..CALM };
const FAIL_OVER: Config = Config { failovers: 1, ..CALM };

fn off(name: &str, config: Config, rules: Rules, flaw: Flaw) {
    breaks(name, &Log::new(Config { rules, ..config }), flaw);
}

#[test]
fn c1_a_fence_takes_back_what_devices_have() {
    let fence = Rules { no_fence: false, ..ALL };
    let config = Config { retention: true, ..CALM };
    off("C1", config, fence, Flaw::Twice);
    off("C1", Config { attempts: 2, ..config }, fence, Flaw::OtherAnswer);
}

#[test]
fn c2_a_head_of_any_age_uses_a_position_twice() {
    off("C2", OLD_HEADS, Rules { bounded_heads: false, ..ALL }, Flaw::SharedPlace);
    off("C2", OLD_HEADS, Rules { bounded_heads: false, ..ALL }, Flaw::Lost);
}

#[test]
fn c3_the_entry_behind_an_old_head_is_forgotten_unread() {
    off("C3", OLD_HEADS, Rules { bounded_heads: false, ..ALL }, Flaw::Forgotten);
}

#[test]
fn c4_acknowledged_before_it_is_published() {
    off("C4", CRASH, Rules { publish_before_ack: false, ..ALL }, Flaw::NotPublished);
}

#[test]
fn c4_acknowledged_before_the_head_counts_it() {
    off("C4", CRASH, Rules { head_before_ack: false, ..ALL }, Flaw::NotCounted);
}

#[test]
fn c5_a_retry_that_only_answers() {
    off("C5", CRASH, Rules { retry_finishes: false, ..ALL }, Flaw::NotPublished);
    off("C5", CRASH, Rules { retry_finishes: false, ..ALL }, Flaw::NotCounted);
}

#[test]
fn c6_the_head_loaded_by_a_local_read() {
    off("C6", FAIL_OVER, Rules { majority_load: false, ..ALL }, Flaw::Hole);
    off("C6", FAIL_OVER, Rules { majority_load: false, ..ALL }, Flaw::Overtaken);
}

#[test]
fn c7_devices_read_what_a_fail_over_takes_back() {
    let config = Config { cuts: 1, ..FAIL_OVER };
    off("C7", config, Rules { majority_sync: false, ..ALL }, Flaw::Unreal);
    off("C7", config, Rules { majority_sync: false, ..ALL }, Flaw::Lost);
}

#[test]
fn c8_a_retry_answered_from_what_a_fail_over_takes_back() {
    let config = Config { attempts: 2, crashes: 1, ..FAIL_OVER };
    off("C8", config, Rules { majority_lookup: false, ..ALL }, Flaw::NotDurable);
}

#[test]
fn c9_unordered_inserts_leave_holes_and_wrong_counts() {
    let messages = &[MESSAGE, EDIT, MESSAGE];
    let config = Config { batch: 2, attempts: 2, messages, ..CALM };
    off("C9", config, Rules { ordered_insert: false, ..ALL }, Flaw::Hole);
    off("C9", config, Rules { ordered_insert: false, ..ALL }, Flaw::Miscounted);
}

#[test]
fn c10_a_floor_above_the_head() {
    let config = Config { retention: true, crashes: 1, ..CALM };
    off("C10", config, Rules { head_above_cursors: false, ..ALL }, Flaw::Overtaken);
    off("C10", config, Rules { head_above_cursors: false, ..ALL }, Flaw::Lost);
}

#[test]
fn c10_content_dropped_above_the_head() {
    let config = Config { retention: true, cap: true, crashes: 1, ..CALM };
    off("C10", config, Rules { head_above_cap: false, ..ALL }, Flaw::Overtaken);
}

#[test]
fn c11_the_last_event_is_lost() {
    let config = Config { losses: 1, ..CALM };
    off("C11", config, Rules { anti_entropy: false, ..ALL }, Flaw::Lost);
}

#[test]
fn c12_the_floor_from_row_after_row() {
    let join = Join { one_document: false, cursor_first: true };
    breaks("C12", &join, Flaw::Forgotten);
}

#[test]
fn c12_the_entry_before_the_cursor() {
    let join = Join { one_document: true, cursor_first: false };
    breaks("C12", &join, Flaw::Forgotten);
}

#[test]
fn a_new_device_that_reads_before_it_has_a_cursor() {
    let devices = [Device::Live, Device::New, Device::Absent];
    let config = Config { retention: true, devices, ..CALM };
    off("new device", config, Rules { cursor_before_read: false, ..ALL }, Flaw::Forgotten);
}

#[test]
fn a_person_whose_last_device_leaves_nothing_behind() {
    let devices = [Device::Live, Device::Leaving, Device::New];
    let config = Config { retention: true, devices, ..CALM };
    off("last device", config, Rules { placeholder: false, ..ALL }, Flaw::Forgotten);
}

#[test]
fn what_raced_goes_behind_what_came_later() {
    let messages = &[MESSAGE, MESSAGE, OTHERS];
    let config = Config { in_order: true, messages, ..CALM };
    off("requeue", config, Rules { requeue_in_front: false, ..ALL }, Flaw::Swapped);
}

#[test]
fn what_follows_a_failure_goes_on() {
    let messages = &[MESSAGE, MESSAGE, OTHERS];
    let config = Config { in_order: true, attempts: 2, lost_replies: 1, messages, ..CALM };
    off("failure", config, Rules { fail_later: false, ..ALL }, Flaw::Swapped);
}

#[test]
fn a_member_seen_long_ago_still_writes() {
    let config = Config { messages: &[OTHERS, REMOVAL], ..CALM };
    off("members", config, Rules { check_members: false, ..ALL }, Flaw::Intruder);
}

#[test]
fn the_entry_of_a_removal_before_the_removal() {
    let config = Config { messages: &[OTHERS, REMOVAL], ..CALM };
    off("members", config, Rules { out_before_entry: false, ..ALL }, Flaw::Intruder);
}

#[test]
fn the_member_looked_at_before_the_last_change() {
    let config = Config { messages: &[OTHERS, JOIN, REMOVAL], ..CALM };
    off("members", config, Rules { change_before_member: false, ..ALL }, Flaw::Intruder);
}

#[test]
fn the_end_read_after_the_entries() {
    off("reading", CALM, Rules { end_before_entries: false, ..ALL }, Flaw::Overtaken);
}
