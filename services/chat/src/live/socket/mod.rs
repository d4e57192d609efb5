//! The sockets of this instance: who is connected, what they hear, and the door for what they ask.

pub mod door;
pub mod hub;
pub mod listen;
pub mod repair;
pub mod seat;
pub mod turns;
pub mod upkeep;
pub mod visit;
