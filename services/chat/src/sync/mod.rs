//! Catching up: everything above a device's cursors, in pages.

pub mod catch_up;
pub mod http;
pub mod receipts;
pub mod since;
pub mod socket;
pub mod start;
