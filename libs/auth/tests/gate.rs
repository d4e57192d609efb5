//! The gate, against tokens that a stranger would try.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use auth::{AuthError, Gate, Issuer, KeySource, KeySourceError, PublicKey, Revocations};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kernel::{Clock, DeviceId, ManualClock, SeededRandom, SessionId, UserId};
use kv::{Kv, SqliteKv};
use serde_json::{Value, json};

const SEED: [u8; 32] = [3; 32];
const TTL: Duration = Duration::from_mins(15);

struct World {
    _folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    kv: Arc<dyn Kv>,
    issuer: Arc<Issuer>,
    gate: Gate,
    user: UserId,
    session: SessionId,
    device: DeviceId,
}

fn issuer(seed: [u8; 32], iss: &str, aud: &str) -> Issuer {
    Issuer::new(seed, iss, aud, TTL).unwrap()
}

impl World {
    async fn new() -> Self {
        let issuer = Arc::new(issuer(SEED, "restante", "restante"));
        Self::with_source(issuer.clone(), issuer).await
    }

    async fn with_source(issuer: Arc<Issuer>, source: Arc<dyn KeySource>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::default());
        let random = SeededRandom::new(1);
        let database = sqlite::Databases::default().open(&folder.path().join("kv.db")).unwrap();
        let kv: Arc<dyn Kv> = Arc::new(SqliteKv::new(database, "t", clock.clone()).await.unwrap());
        let gate = Gate::new(source, "restante", "restante", kv.clone(), clock.clone());
        let now = clock.now();
        Self {
            _folder: folder,
            clock,
            kv,
            issuer,
            gate,
            user: UserId::new_v7(now, &random),
            session: SessionId::new_v7(now, &random),
            device: DeviceId::new_v7(now, &random),
        }
    }

    fn token(&self) -> String {
        self.issue(&self.issuer)
    }

    fn issue(&self, issuer: &Issuer) -> String {
        issuer.issue(self.user, self.session, self.device, self.clock.now()).unwrap()
    }

    fn claims(&self) -> Value {
        let now = self.clock.now().as_seconds();
        json!({"iss": "restante", "aud": "restante", "sub": self.user, "sid": self.session,
            "did": self.device, "iat": now, "exp": now + 900, "typ": "access"})
    }

    /// A token signed with the right key, its claims and header as given.
    fn sign(&self, claims: &Value) -> String {
        let der =
            [&[0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20][..], &SEED]
                .concat();
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.kid());
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_ed_der(&der)).unwrap()
    }

    fn kid(&self) -> String {
        self.issuer.public_keys().remove(0).kid
    }

    async fn refused(&self, token: &str) -> AuthError {
        self.gate.admit(token).await.unwrap_err()
    }
}

#[tokio::test]
async fn a_fresh_token_tells_who_bears_it() {
    let world = World::new().await;
    let identity = world.gate.admit(&world.token()).await.unwrap();
    assert_eq!(identity.user, world.user);
    assert_eq!(identity.session, world.session);
    assert_eq!(identity.device, world.device);
    assert_eq!(identity.expires_at, world.clock.now().plus(TTL));
    assert!(world.gate.admit(&world.sign(&world.claims())).await.is_ok(), "the test signs right");
}

#[tokio::test]
async fn a_token_ends_with_its_time() {
    let world = World::new().await;
    let token = world.token();
    world.clock.advance(Duration::from_secs(899));
    assert!(world.gate.admit(&token).await.is_ok());
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.refused(&token).await, AuthError::Expired);
}

#[tokio::test]
async fn other_algorithms_are_refused_whatever_they_are_signed_with() {
    let world = World::new().await;
    let public = world.issuer.public_keys().remove(0);
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let mut header = Header::new(algorithm);
        header.kid = Some(public.kid.clone());
        for secret in [public.x.to_vec(), URL_SAFE_NO_PAD.encode(public.x).into_bytes()] {
            let key = EncodingKey::from_secret(&secret);
            let token = jsonwebtoken::encode(&header, &world.claims(), &key).unwrap();
            assert_eq!(world.refused(&token).await, AuthError::Invalid);
        }
    }
    let good = world.token();
    let (_, rest) = good.split_once('.').unwrap();
    for alg in ["none", "None", "RS256", "ES256", "HS256", "EdDSA "] {
        let header = json!({"alg": alg, "typ": "JWT", "kid": public.kid}).to_string();
        let token = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header));
        assert_eq!(world.refused(&token).await, AuthError::Invalid, "{alg}");
    }
    let header = json!({"alg": "none", "kid": public.kid}).to_string();
    let body = world.claims().to_string();
    let token = format!("{}.{}.", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(body));
    assert_eq!(world.refused(&token).await, AuthError::Invalid);
}

#[tokio::test]
async fn tokens_for_others_or_of_another_kind_are_refused() {
    let world = World::new().await;
    for (iss, aud) in [("other", "restante"), ("restante", "other")] {
        let token = world.issue(&issuer(SEED, iss, aud));
        assert_eq!(world.refused(&token).await, AuthError::Invalid, "{iss} {aud}");
    }
    let changes = [
        ("typ", json!("refresh")),
        ("typ", Value::Null),
        ("sub", json!("admin")),
        ("sub", json!({"$ne": ""})),
        ("sid", Value::Null),
        ("exp", json!("never")),
        ("exp", Value::Null),
        ("aud", json!([])),
        ("iss", Value::Null),
    ];
    for (claim, value) in changes {
        let mut claims = world.claims();
        claims[claim] = value.clone();
        assert_eq!(
            world.refused(&world.sign(&claims)).await,
            AuthError::Invalid,
            "{claim} {value}"
        );
        claims.as_object_mut().unwrap().remove(claim);
        assert_eq!(world.refused(&world.sign(&claims)).await, AuthError::Invalid, "no {claim}");
    }
    let mut claims = world.claims();
    claims["exp"] = json!(1);
    assert_eq!(world.refused(&world.sign(&claims)).await, AuthError::Expired);
}

#[tokio::test]
async fn tampered_and_broken_tokens_are_refused() {
    let world = World::new().await;
    let token = world.token();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    bytes[10] ^= 1;
    let forged = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(bytes));
    assert_eq!(world.refused(&forged).await, AuthError::Invalid);

    let mut claims = world.claims();
    claims["sub"] = json!(world.device);
    let body = URL_SAFE_NO_PAD.encode(claims.to_string());
    let (header, _) = signed.split_once('.').unwrap();
    let token = format!("{header}.{body}.{signature}");
    assert_eq!(world.refused(&token).await, AuthError::Invalid);

    let stranger = world.issue(&issuer([4; 32], "restante", "restante"));
    assert_eq!(world.refused(&stranger).await, AuthError::Invalid);
    for text in ["", ".", "..", "a.b.c", "\u{0}", &"x".repeat(100_000), &token[..40]] {
        assert_eq!(world.refused(text).await, AuthError::Invalid);
    }
}

#[tokio::test]
async fn an_ended_session_is_refused() {
    let world = World::new().await;
    let token = world.token();
    assert!(world.gate.admit(&token).await.is_ok());
    let revocations = Revocations::new(world.kv.clone(), TTL);
    revocations.revoke(world.session).await.unwrap();
    let other = SessionId::new_v7(world.clock.now(), &SeededRandom::new(2));
    let both = revocations.revoked_among(&[other, world.session]).await.unwrap();
    assert_eq!(both, [world.session]);
    assert_eq!(world.refused(&token).await, AuthError::Revoked);
}

/// Counts how often it is asked, and can be out of reach.
struct Source {
    keys: Vec<PublicKey>,
    asked: AtomicUsize,
    away: AtomicBool,
}

#[async_trait]
impl KeySource for Source {
    async fn public_keys(&self) -> Result<Vec<PublicKey>, KeySourceError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.away.load(Ordering::SeqCst) {
            return Err(KeySourceError("away".to_owned()));
        }
        Ok(self.keys.clone())
    }
}

#[tokio::test]
async fn keys_are_fetched_once_and_unknown_ones_at_most_once_a_second() {
    let issuer = Arc::new(issuer(SEED, "restante", "restante"));
    let source = Arc::new(Source {
        keys: issuer.public_keys(),
        asked: AtomicUsize::new(0),
        away: AtomicBool::new(true),
    });
    let world = World::with_source(issuer, source.clone()).await;
    let token = world.token();
    assert_eq!(world.refused(&token).await, AuthError::Unavailable);
    source.away.store(false, Ordering::SeqCst);
    assert_eq!(world.refused(&token).await, AuthError::Unavailable, "not asked again so soon");
    world.clock.advance(Duration::from_secs(1));
    for _ in 0..50 {
        assert!(world.gate.admit(&token).await.is_ok());
    }
    assert_eq!(source.asked.load(Ordering::SeqCst), 2);

    let stranger = world.issue(&self::issuer([4; 32], "restante", "restante"));
    world.clock.advance(Duration::from_secs(1));
    for _ in 0..50 {
        assert_eq!(world.refused(&stranger).await, AuthError::Invalid);
    }
    assert_eq!(source.asked.load(Ordering::SeqCst), 3);
    source.away.store(true, Ordering::SeqCst);
    world.clock.advance(Duration::from_secs(5));
    assert!(world.gate.admit(&token).await.is_ok(), "known keys need nobody");
}

#[test]
fn the_key_set_reads_as_rfc_7517_says() {
    // The key pair of RFC 8037, appendix A.
    let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    let issuer = issuer(seed.try_into().unwrap(), "restante", "restante");
    let set: Value = serde_json::from_str(&issuer.jwks_json()).unwrap();
    let key = &set["keys"][0];
    assert_eq!(key["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    assert_eq!((&key["kty"], &key["crv"]), (&json!("OKP"), &json!("Ed25519")));
    assert_eq!((&key["alg"], &key["use"]), (&json!("EdDSA"), &json!("sig")));
    assert_eq!(key["kid"].as_str().unwrap().len(), 16);
}
