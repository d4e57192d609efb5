//! Who is here: leases that end by themselves, told only to those who look, and the first thing to be left out under load.

mod beat;
mod due;
pub mod here;
pub mod leases;
pub mod look;
pub mod own;
pub mod socket;
pub mod status;
mod watchers;
