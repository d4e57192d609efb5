//! Durable jobs and events between services. Two adapters, chosen by the scheme of a URL: SQLite and RabbitMQ.
//!
//! At least once: a message may come again, with the same id. Consumers drop repeats or do not mind them.

mod open;
mod port;
mod rabbit;
mod sqlite;

pub use crate::rabbit::RabbitBus;
pub use crate::sqlite::SqliteBus;
pub use open::open;
pub use port::{Bus, BusError, Consumer, Delivery, Message, Queue, Settle, Topology};
