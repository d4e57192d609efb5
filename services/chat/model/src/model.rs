//! What can happen next, and what then is.

use crate::checker::Model;
use crate::config::{Config, Device};
use crate::flaws::{self, under_way};
use crate::instance::{Hands, Load};
use crate::round::Rounds;
use crate::rules::Flaw;
use crate::step::Step;
use crate::store::positions;
use crate::world::{Kept, Link, NONE, Phase, World};

/// The log of one conversation, with everybody who works on it.
#[derive(Debug)]
pub struct Log {
    config: Config,
    rounds: Rounds,
}

impl Log {
    /// As configured.
    pub fn new(config: Config) -> Self {
        Self { config, rounds: Rounds::default() }
    }

    fn hands(&self) -> Hands<'_> {
        Hands { config: &self.config, rounds: &self.rounds }
    }

    fn client_steps(&self, world: &World, steps: &mut Vec<Step>) {
        let config = &self.config;
        for message in config.all_messages() {
            if world.left.attempts[usize::from(message)] == 0 || world.refused >> message & 1 == 1 {
                continue;
            }
            let what = config.message(message);
            let first = world.sent >> message & 1 == 0;
            if what.removes && config.rules.out_before_entry && !world.durable.out {
                continue;
            }
            let own = config.in_order.then(|| usize::from(what.sender % config.instances));
            for at in 0..usize::from(config.instances) {
                let instance = &world.instances[at];
                let fits = instance.has_room() && !instance.has(message);
                if !fits || own.is_some_and(|own| own != at) {
                    continue;
                }
                if config.in_order && !self.may_follow(world, message, at) {
                    continue;
                }
                steps.push(if first { Step::Send(message, at) } else { Step::Retry(message, at) });
            }
        }
        let removal = |message| config.message(message).removes;
        let told = |message: &u8| removal(*message) && world.published >> *message & 1 == 1;
        let goes = if config.rules.out_before_entry {
            config.all_messages().any(removal)
        } else {
            config.all_messages().any(|message| told(&message))
        };
        if goes && !world.primary.out {
            steps.push(Step::Oust);
        }
    }

    /// A client sends in order: what comes before is answered, or is under way in front of it.
    fn may_follow(&self, world: &World, message: u8, at: usize) -> bool {
        let sender = self.config.message(message).sender;
        (0..message).filter(|earlier| self.config.message(*earlier).sender == sender).all(
            |earlier| {
                world.acked[usize::from(earlier)] != 0
                    || world.refused >> earlier & 1 == 1
                    || world.instances[at].has(earlier)
            },
        )
    }

    fn instance_steps(&self, world: &World, at: usize, steps: &mut Vec<Step>) {
        let config = &self.config;
        let instance = &world.instances[at];
        match instance.phase {
            Phase::Idle => {
                for count in 1..=instance.waiting().min(config.batch) {
                    match instance.cached {
                        Some(_) => steps.push(Step::Begin(at, count)),
                        None if config.split_load => {
                            steps.push(Step::Load(at, count, Load::Counted));
                            steps.push(Step::Load(at, count, Load::Top));
                        }
                        None => steps.push(Step::Load(at, count, Load::Whole)),
                    }
                }
            }
            Phase::ReadCounted | Phase::ReadTop => steps.push(Step::LoadRest(at)),
            Phase::Inserting | Phase::Inserted => self.insert_steps(world, at, steps),
            Phase::LookingUp => {
                steps.push(Step::LookUp(at));
                if world.left.lost_replies > 0 {
                    steps.push(Step::GiveUp(at));
                }
            }
            Phase::Fencing => steps.push(Step::Fence(at)),
            Phase::Publishing => steps.push(Step::Publish(at)),
            Phase::Raising => steps.push(Step::Raise(at)),
            Phase::Acknowledging => {
                let needed = instance.to_count(&config.rules).map_or(0, |place| place.seq);
                if !config.rules.head_before_ack || world.durable.head.seq >= needed {
                    steps.push(Step::Acknowledge(at));
                } else if world.primary.head.seq < needed {
                    steps.push(Step::Raise(at));
                }
            }
            Phase::Checking => steps.push(Step::Check(at)),
        }
        if world.left.crashes > 0 && *instance != crate::world::Instance::FRESH {
            steps.push(Step::Crash(at, false));
            if world.can_stray(config) && world.is_landing(at) {
                steps.push(Step::Crash(at, true));
            }
        }
    }

    fn insert_steps(&self, world: &World, at: usize, steps: &mut Vec<Step>) {
        let instance = &world.instances[at];
        if instance.is_taken_back(&world.primary) {
            steps.extend([Step::SendAgain(at), Step::Fail(at)]);
            return;
        }
        if instance.phase == Phase::Inserting {
            steps.push(Step::Insert(at));
        } else if instance.is_durable(&world.durable) {
            steps.push(Step::Reply(at));
        }
        if world.left.lost_replies > 0 {
            steps.push(Step::LoseReply(at, false));
            if world.can_stray(&self.config) && world.is_landing(at) {
                steps.push(Step::LoseReply(at, true));
            }
        }
    }

    fn device_steps(&self, world: &World, device: usize, steps: &mut Vec<Step>) {
        let config = &self.config;
        let reader = &world.readers[device];
        match reader.link {
            Link::Unknown if config.rules.cursor_before_read => steps.push(Step::Register(device)),
            Link::Unknown => steps.push(Step::ReadEarly(device)),
            Link::Registering if world.durable.cursors[device] != NONE => {
                steps.push(Step::Registered(device));
            }
            Link::Registering => {
                if world.primary.cursors[device] == NONE {
                    // A fail-over took it back; nothing was answered yet.
                    steps.push(Step::RegisterLate(device));
                }
            }
            Link::Away => steps.push(Step::Connect(device)),
            Link::Behind => steps.push(Step::ReadFirst(device)),
            Link::Reading => steps.push(Step::ReadSecond(device)),
            Link::Live => {
                for (message, seq) in under_way(reader.inbox) {
                    steps.push(Step::Hear(device, message, seq));
                }
                if config.rules.anti_entropy && world.can_notice(device) {
                    steps.push(Step::Notice(device));
                }
            }
            Link::Gone => return,
        }
        if reader.hears() && world.left.cuts > 0 {
            steps.push(Step::Cut(device));
        }
        if world.left.losses > 0 {
            for (message, seq) in under_way(reader.inbox) {
                steps.push(Step::Lose(device, message, seq));
            }
        }
        if !config.retention {
            return;
        }
        if reader.is_due() && world.primary.cursors[device] == NONE {
            steps.push(Step::RegisterLate(device));
        }
        if config.devices[device] == Device::Leaving {
            steps.push(Step::Unregister(device));
        }
        if world.has_ack(device) {
            if !config.rules.head_above_cursors || !world.is_above_head(device) {
                steps.push(Step::Fold(device));
            } else if world.durable.end().seq >= reader.cursor {
                steps.push(Step::RaiseForAck(device));
            }
        }
    }

    fn store_steps(&self, world: &World, steps: &mut Vec<Step>) {
        let config = &self.config;
        if world.stray.messages[0] != NONE {
            steps.push(Step::Land);
        }
        if !config.durable_at_once() && world.primary != world.durable {
            steps.push(Step::Commit);
            if world.left.failovers > 0 {
                steps.push(Step::FailOver);
            }
        }
        if config.retention {
            steps.extend(world.strippable().map(Step::Strip));
            steps.extend(world.overdue(config).map(Step::Cap));
            if config.cap && config.rules.head_above_cap && world.is_uncounted() {
                steps.push(Step::RaiseForCap);
            }
            steps.extend(world.removable(config).map(Step::Remove));
        }
    }
}

impl Model for Log {
    type State = World;
    type Step = Step;
    type Flaw = Flaw;

    fn start(&self) -> World {
        World::start(&self.config)
    }

    fn steps(&self, world: &World, steps: &mut Vec<Step>) {
        self.client_steps(world, steps);
        for at in 0..usize::from(self.config.instances) {
            self.instance_steps(world, at, steps);
        }
        for device in self.config.all_devices() {
            self.device_steps(world, device, steps);
        }
        self.store_steps(world, steps);
    }

    fn take(&self, before: &World, step: Step) -> World {
        let (config, hands) = (&self.config, &self.hands());
        let mut world = *before;
        match step {
            Step::Send(message, at) | Step::Retry(message, at) => {
                let checked = if config.rules.check_members { 0 } else { NONE };
                world.sent |= 1 << message;
                world.left.attempts[usize::from(message)] -= 1;
                world.instances[at].push(message, checked);
            }
            Step::Oust => {
                world.primary.out = true;
                world.wrote(config);
            }
            Step::Begin(at, count) => world.begin(hands, at, count),
            Step::Load(at, count, load) => world.load(hands, at, count, load),
            Step::LoadRest(at) => world.load_rest(hands, at),
            Step::Insert(at) => world.insert(hands, at),
            Step::Reply(at) => world.reply(hands, at),
            Step::LoseReply(at, late) => {
                world.left.lost_replies -= 1;
                world.lose_reply(hands, at, late);
            }
            Step::SendAgain(at) => world.send_again(at),
            Step::Fail(at) => world.lose_reply(hands, at, false),
            Step::LookUp(at) => world.look_up(hands, at),
            Step::GiveUp(at) => {
                world.left.lost_replies -= 1;
                world.give_up(hands, at);
            }
            Step::Fence(at) => world.fence(config, at),
            Step::Publish(at) => world.publish(config, at),
            Step::Raise(at) => world.raise(config, at),
            Step::Acknowledge(at) => world.acknowledge(config, at),
            Step::Check(at) => world.check(config, at),
            Step::Crash(at, late) => world.crash(at, late),
            Step::Land => world.land(config),
            Step::Commit => world.commit(),
            Step::FailOver => world.fail_over(),
            Step::Connect(device) => world.connect(device),
            Step::Cut(device) => world.cut(device),
            Step::ReadFirst(device) => world.read_first(config, device),
            Step::ReadSecond(device) => world.read_second(config, device),
            Step::Hear(device, message, seq) => world.hear(device, message, seq),
            Step::Lose(device, message, seq) => world.lose(device, message, seq),
            Step::Notice(device) => world.notice(device),
            Step::RaiseForAck(_) | Step::RaiseForCap => world.raise_to_end(config),
            Step::Fold(device) => world.fold(config, device),
            Step::Register(device) => world.register(config, device),
            Step::Registered(device) => world.registered(device),
            Step::ReadEarly(device) => world.read_early(device),
            Step::RegisterLate(device) => world.register_late(config, device),
            Step::Unregister(device) => world.unregister(config, device),
            Step::Strip(seq) | Step::Cap(seq) => world.strip(config, seq),
            Step::Remove(seq) => world.remove(config, seq),
        }
        world
    }

    fn is_optional(&self, step: Step) -> bool {
        matches!(
            step,
            Step::Retry(..)
                | Step::LoseReply(..)
                | Step::GiveUp(_)
                | Step::Crash(..)
                | Step::FailOver
                | Step::Cut(_)
                | Step::Lose(..)
                | Step::Register(_)
                | Step::ReadEarly(_)
                | Step::Unregister(_)
                | Step::Remove(_)
                | Step::Cap(_)
                | Step::RaiseForCap
        )
    }

    fn fingerprint(&self, world: &World) -> u64 {
        world.fingerprint(&self.config)
    }

    fn flaws(&self, world: &World, end: bool, flaws: &mut Vec<Flaw>) {
        flaws::find(world, &self.config, end, flaws);
    }

    fn show(&self, world: &World) -> String {
        let slots: Vec<String> = positions()
            .map(|seq| world.primary.slots[usize::from(seq) - 1])
            .filter(|slot| slot.message != NONE)
            .map(|slot| {
                let left = match slot.kept {
                    Kept::Nothing | Kept::Content => "",
                    Kept::Header => "-",
                    Kept::Removed => "x",
                };
                format!("m{}@{}{left}", slot.message, slot.place.seq)
            })
            .collect();
        let cursors: Vec<String> = self
            .config
            .all_devices()
            .map(|device| world.readers[device].cursor.to_string())
            .collect();
        let acked: Vec<String> = self
            .config
            .all_messages()
            .filter(|message| world.acked[usize::from(*message)] != 0)
            .map(|message| format!("m{message}={}", world.acked[usize::from(message)]))
            .collect();
        format!(
            "log [{}] head {} floor {} devices [{}] acked [{}]",
            slots.join(" "),
            world.primary.head.seq,
            world.primary.floor,
            cursors.join(" "),
            acked.join(" "),
        )
    }
}
