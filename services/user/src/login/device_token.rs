use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::DeviceId;
use uuid::Uuid;

use super::Address;
use crate::pepper::{Pepper, Purpose};

/// Proof for a device that it has logged in with this address before. Good for an allowance of its own, nothing else.
pub(super) fn make(pepper: &Pepper, address: &Address, device: DeviceId) -> String {
    let device = device.uuid().into_bytes();
    let hash = pepper.hash(Purpose::Device, &[address.as_str().as_bytes(), &device]);
    URL_SAFE_NO_PAD.encode([&device[..], &hash].concat())
}

/// The device that the token was made for, if it was, and with this address.
pub(super) fn read(pepper: &Pepper, address: &Address, token: &str) -> Option<DeviceId> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (device, hash) = bytes.split_at_checked(16)?;
    let good = pepper.check(Purpose::Device, &[address.as_str().as_bytes(), device], hash);
    let device = Uuid::from_slice(device).ok()?;
    good.then_some(DeviceId::from_uuid(device))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_known_with_its_own_address_alone() {
        let pepper = Pepper::new(&[1; 32]);
        let ada = Address::parse("ada@example.org").unwrap();
        let eve = Address::parse("eve@example.org").unwrap();
        let device = DeviceId::from_uuid(Uuid::from_u128(7));
        let token = make(&pepper, &ada, device);
        assert_eq!(read(&pepper, &ada, &token), Some(device));
        assert_eq!(read(&pepper, &eve, &token), None);
        assert_eq!(read(&pepper, &ada, &token[1..]), None);
        assert_eq!(read(&pepper, &ada, "not a token"), None);
    }
}
