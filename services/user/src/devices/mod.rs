//! The installations a person has logged in on.

pub(crate) mod http;
mod remove;
mod sweep;
mod view;

pub(crate) use sweep::sweep_regularly;
pub(crate) use view::DeviceView;
