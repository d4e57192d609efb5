use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::SessionId;
use uuid::Uuid;

use crate::pepper::{Pepper, Purpose};

/// A refresh token as presented: number `n` of a session. Nothing of it is stored; the session's nonce and the pepper
/// prove that it was issued.
#[derive(Debug)]
pub(super) struct Presented {
    pub(super) session: SessionId,
    pub(super) n: u64,
    proof: Vec<u8>,
}

/// Token number `n`, from 1.
pub(super) fn make(pepper: &Pepper, session: SessionId, nonce: &[u8; 16], n: u64) -> String {
    let (session, n) = (session.uuid().into_bytes(), n.to_be_bytes());
    let proof = pepper.hash(Purpose::Refresh, &[&session, &n, nonce]);
    URL_SAFE_NO_PAD.encode([&session[..], &n, &proof].concat())
}

/// Reads what a client presents; whether it was ever issued is not known before [`Presented::is_genuine`].
pub(super) fn read(token: &str) -> Option<Presented> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (session, rest) = bytes.split_first_chunk::<16>()?;
    let (n, proof) = rest.split_first_chunk::<8>()?;
    let n = u64::from_be_bytes(*n);
    let session = SessionId::from_uuid(Uuid::from_bytes(*session));
    (n >= 1).then(|| Presented { session, n, proof: proof.to_vec() })
}

impl Presented {
    /// Whether we issued it for the session with this nonce.
    pub(super) fn is_genuine(&self, pepper: &Pepper, nonce: &[u8; 16]) -> bool {
        let (session, n) = (self.session.uuid().into_bytes(), self.n.to_be_bytes());
        pepper.check(Purpose::Refresh, &[&session, &n, nonce], &self.proof)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_genuine_only_as_it_was_made() {
        let pepper = Pepper::new(&[1; 32]);
        let session = SessionId::from_uuid(Uuid::from_u128(5));
        let token = make(&pepper, session, &[9; 16], 3);
        let read_back = read(&token).unwrap();
        assert_eq!((read_back.session, read_back.n), (session, 3));
        assert!(read_back.is_genuine(&pepper, &[9; 16]));
        assert!(!read_back.is_genuine(&pepper, &[8; 16]));
        assert!(!read_back.is_genuine(&Pepper::new(&[2; 32]), &[9; 16]));
        for at in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            let genuine = read(&forged).is_some_and(|token| token.is_genuine(&pepper, &[9; 16]));
            assert!(!genuine, "changed at {at}");
        }
        assert!(read(&make(&pepper, session, &[9; 16], 0)).is_none());
    }
}
