#![expect(
    unused_qualifications,
    clippy::pedantic,
    clippy::allow_attributes,
    unreachable_pub,
    reason = "generated from proto/, where the comments are"
)]

pub(crate) mod user {
    tonic::include_proto!("user.v1");
}
pub(crate) mod events {
    tonic::include_proto!("events.v1");
}
