//! A person's own conversation: notes to self, and what concerns their account. It has a log like any other, so what one
//! device changes reaches the person's others as messages do.

pub mod note;
pub mod notes;
pub mod open;

pub use note::{Note, cause};
pub use open::ensure;
