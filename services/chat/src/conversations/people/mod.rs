//! The people of a group: who is there, who comes and goes, who may do what.

pub mod add;
pub mod http;
pub mod leave;
pub mod list;
pub mod remove;
pub mod roles;
pub mod view;
