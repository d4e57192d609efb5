//! The model check of the conversation log.
//!
//! [`checker`] explores every state of a model; [`world`] is one conversation with its store, instances, devices and clients.
//! Numbering, retry and requeue are the product's own code ([`round`]); what surrounds it is written here once more, in
//! small, with every call of the store as a step of its own. Each rule that protects the log is a switch ([`rules`]): the
//! tests switch them off one at a time, and see to it that the flaw is found that the rule prevents.
//!
//! It is a crate of its own so that it can be optimised in the development profile, where it is run: twelve times
//! faster, while the service itself is built as fast as before.

pub mod answer;
pub mod checker;
pub mod config;
pub mod device;
pub mod flaws;
pub mod instance;
pub mod join;
pub mod model;
pub mod print;
pub mod retention;
pub mod round;
pub mod rules;
pub mod step;
pub mod store;
pub mod world;

#[cfg(test)]
mod tests;
