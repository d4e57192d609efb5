//! Runs the searches. `RESTANTE_MODEL=large` takes larger bounds, `RESTANTE_MODEL_TRACE=1` prints how each counterexample
//! goes.

mod broken;
mod checking;
mod whole;

use kernel::{Clock, SystemClock};
use restante_chat::numbering::EntryType;

use crate::checker::{Model, Search, search};
use crate::config::{Config, Message};
use crate::model::Log;
use crate::rules::Flaw;

const MESSAGE: Message = Message { kind: EntryType::Message, sender: 0, removes: false };
/// Does not count.
const EDIT: Message = Message { kind: EntryType::Edit, ..MESSAGE };
/// Of the person who may be removed.
const OTHERS: Message = Message { sender: 1, ..MESSAGE };
const JOIN: Message = Message { kind: EntryType::Member, ..MESSAGE };
const REMOVAL: Message = Message { removes: true, ..JOIN };

fn is_large() -> bool {
    std::env::var("RESTANTE_MODEL").is_ok_and(|bounds| bounds == "large")
}

/// Sees everything that can happen; nothing of it may be wrong.
fn holds(config: Config) {
    see_through(config, Search::all());
}

fn see_through(config: Config, how: Search<Flaw>) {
    let clock = SystemClock::default();
    let began = clock.monotonic();
    let report = search(&Log::new(config), how);
    let took = clock.monotonic().saturating_sub(began).as_secs_f32();
    if let Some((flaw, trace)) = report.found {
        panic!("{}: {flaw}\n{}", config.name, trace.join("\n"));
    }
    assert!(report.exhausted);
    println!(
        "{}: {} states, depth {}, {} ends, {took:.1} s",
        config.name, report.states, report.depth, report.ends
    );
}

/// The flaw must be found.
fn breaks<M: Model<Flaw = Flaw>>(name: &str, model: &M, flaw: Flaw) {
    let report = search(model, Search::only(flaw));
    let Some((_, trace)) = report.found else {
        panic!("{name}: {flaw} was not found among {} states", report.states);
    };
    println!("{name}: {flaw} in {} steps, after {} states", trace.len() - 1, report.states);
    if std::env::var("RESTANTE_MODEL_TRACE").is_ok() {
        println!("{}", trace.join("\n"));
    }
}
