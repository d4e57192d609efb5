//! Looks for what must not be.

use crate::config::Config;
use crate::device::events;
use crate::rules::Flaw;
use crate::store::positions;
use crate::world::{Data, Kept, Link, MEMBER, NONE, Phase, Place, Slot, World};

/// Everything that is wrong; `end`: nothing that has to happen is left.
pub fn find(world: &World, config: &Config, end: bool, flaws: &mut Vec<Flaw>) {
    let mut add = |wrong: bool, flaw: Flaw| {
        if wrong {
            flaws.push(flaw);
        }
    };
    add(world.other_answer, Flaw::OtherAnswer);
    add(world.twice || is_doubled(&world.primary), Flaw::Twice);
    add(has_hole(&world.primary), Flaw::Hole);
    add(is_miscounted(&world.primary, config), Flaw::Miscounted);
    add(has_intruder(&world.primary, config), Flaw::Intruder);
    add(config.in_order && is_swapped(&world.primary, config), Flaw::Swapped);
    check_promises(world, config, &mut add);
    for device in config.all_devices() {
        check_reader(world, config, device, &mut add);
    }
    if !config.cap && world.owed != NONE {
        add(is_forgotten_above(world, world.owed), Flaw::Forgotten);
    }
    if end {
        check_end(world, config, &mut add);
    }
}

/// What holds for everything acknowledged.
fn check_promises(world: &World, config: &Config, add: &mut impl FnMut(bool, Flaw)) {
    for message in config.all_messages() {
        let seq = world.acked[usize::from(message)];
        if seq == 0 {
            continue;
        }
        let shared = (0..message).any(|other| world.acked[usize::from(other)] == seq);
        add(shared, Flaw::SharedPlace);
        let slot = raw(&world.durable, seq);
        add(slot.message != message || slot.kept == Kept::Nothing, Flaw::NotDurable);
        add(world.published >> message & 1 == 0, Flaw::NotPublished);
        add(world.durable.head.seq < seq, Flaw::NotCounted);
    }
}

fn check_reader(world: &World, config: &Config, device: usize, add: &mut impl FnMut(bool, Flaw)) {
    let reader = &world.readers[device];
    if !reader.is_due() {
        return;
    }
    for seq in positions() {
        let slot = raw(&world.durable, seq);
        let had = slot.message != NONE && reader.has[usize::from(slot.message)] == seq;
        let passed = seq > reader.from && seq <= reader.cursor;
        add(passed && slot.kept == Kept::Content && !had, Flaw::Overtaken);
        let forgotten = matches!(slot.kept, Kept::Header | Kept::Removed);
        add(!config.cap && seq > reader.from && forgotten && !had, Flaw::Forgotten);
    }
    for message in config.all_messages() {
        let (has, acked) = (reader.has[usize::from(message)], world.acked[usize::from(message)]);
        let slot = raw(&world.durable, has.max(1));
        let real = slot.message == message && slot.kept != Kept::Nothing;
        add(has != 0 && !real, Flaw::Unreal);
        let passed = acked > reader.from && acked <= reader.cursor && has == 0;
        add(!config.cap && passed, Flaw::Lost);
    }
}

fn check_end(world: &World, config: &Config, add: &mut impl FnMut(bool, Flaw)) {
    let idle = world.instances.iter().all(|one| one.phase == Phase::Idle && one.is_idle());
    add(!idle || world.stray.messages[0] != NONE, Flaw::Stuck);
    for device in config.all_devices() {
        let reader = &world.readers[device];
        if !reader.is_due() {
            continue;
        }
        add(reader.link != Link::Live, Flaw::Stuck);
        for message in config.all_messages() {
            let acked = world.acked[usize::from(message)];
            let missing = acked > reader.from && reader.has[usize::from(message)] == 0;
            add(!config.cap && missing, Flaw::Lost);
        }
    }
}

/// Content above `cursor` is gone.
fn is_forgotten_above(world: &World, cursor: u8) -> bool {
    let gone = |seq| matches!(raw(&world.durable, seq).kept, Kept::Header | Kept::Removed);
    positions().any(|seq| seq > cursor && gone(seq))
}

fn raw(data: &Data, seq: u8) -> &Slot {
    &data.slots[usize::from(seq) - 1]
}

fn has_hole(data: &Data) -> bool {
    data.slots.windows(2).any(|pair| pair[0].kept == Kept::Nothing && pair[1].kept != Kept::Nothing)
}

fn is_doubled(data: &Data) -> bool {
    let there = |slot: &&Slot| slot.kept != Kept::Nothing;
    let slots = || data.slots.iter().filter(there);
    slots().any(|one| slots().filter(|two| two.message == one.message).count() > 1)
}

fn is_miscounted(data: &Data, config: &Config) -> bool {
    let mut before = Place::default();
    for slot in data.slots.iter().take_while(|slot| slot.kept != Kept::Nothing) {
        let kind = config.message(slot.message).kind;
        if slot.place != Place::of(before.head().next(kind)) {
            return true;
        }
        before = slot.place;
        if data.head.seq == slot.place.seq && data.head != slot.place {
            return true;
        }
    }
    false
}

fn has_intruder(data: &Data, config: &Config) -> bool {
    let there = data.slots.iter().filter(|slot| slot.kept != Kept::Nothing);
    let mut behind = there.skip_while(|slot| !config.message(slot.message).removes);
    behind.any(|slot| config.message(slot.message).sender == MEMBER)
}

fn is_swapped(data: &Data, config: &Config) -> bool {
    let there = || data.slots.iter().filter(|slot| slot.kept != Kept::Nothing);
    let sender = |slot: &Slot| config.message(slot.message).sender;
    there().any(|later| {
        let mut before = there().take_while(|slot| slot.place.seq < later.place.seq);
        before.any(|slot| sender(slot) == sender(later) && slot.message > later.message)
    })
}

/// Events on their way to a device.
pub fn under_way(inbox: u32) -> impl Iterator<Item = (u8, u8)> {
    events().filter(move |(message, seq)| inbox & crate::world::event(*message, *seq) != 0)
}
