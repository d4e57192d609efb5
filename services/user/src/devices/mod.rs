//! The installations a person has logged in on.

pub(crate) mod http;
mod remove;
mod view;

pub(crate) use view::DeviceView;
