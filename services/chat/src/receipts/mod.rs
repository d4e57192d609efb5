//! How far others have come, told live: each person's ticks in small conversations, in large ones how many have come that far.

pub mod due;
pub mod ticks;

/// Up to so many members each person's receipts are told; beyond, how many there are.
pub const SINGLE: u32 = 50;
