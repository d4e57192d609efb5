//! Who writes something at the moment: throttled where it is said, ended by itself where it is heard, never stored, and among
//! the first things to be left out under load.

pub mod own;
pub mod say;
pub mod socket;
pub mod typists;

#[cfg(test)]
mod tests;
