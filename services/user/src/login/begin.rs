use std::time::Duration;

use bus::Message;
use contracts::events::{Event, SendOtp};
use kernel::WireError;
use kv::{Hit, KvError, Limit};
use uuid::Uuid;

use super::challenges::{Challenges, Draft};
use super::{Address, device_token};
use crate::limits::too_often;
use crate::pepper::Purpose;
use crate::ports::Ports;

/// Somebody wants to come in.
#[derive(Debug)]
pub(super) struct Begin<'a> {
    /// The address as typed.
    pub(super) email: &'a str,
    /// Proof of an earlier log-in on the same device; one that is not good counts as none.
    pub(super) device_token: Option<&'a str>,
    /// Where the request comes from.
    pub(super) network: &'a str,
}

/// A code is on its way.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) challenge: Uuid,
    pub(super) expires_in: Duration,
    pub(super) resend_in: Duration,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum BeginError {
    #[error("the address is not one that mail can go to")]
    Address,
    #[error("too many codes were asked for")]
    TooOften(Duration),
    #[error("{0}")]
    Unavailable(String),
}

impl From<KvError> for BeginError {
    fn from(error: KvError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<BeginError> for WireError {
    fn from(error: BeginError) -> Self {
        match error {
            BeginError::Address => {
                Self::invalid("email", "must be a mail address such as ada@example.org")
            }
            BeginError::TooOften(wait) => too_often("too many codes were asked for", wait),
            BeginError::Unavailable(_) => Self::unavailable(),
        }
    }
}

/// Sends a code. Whether the address is known is not looked at, so nothing can tell. The code is durable on the bus when
/// this returns.
#[tracing::instrument(skip_all, fields(challenge), err(level = "info"))]
pub(super) async fn begin(ports: &Ports, input: Begin<'_>) -> Result<Begun, BeginError> {
    let address = Address::parse(input.email).ok_or(BeginError::Address)?;
    let allowance = allowance(ports, &address, input.device_token);
    may_send(ports, input.network, &allowance).await?;

    let login = &ports.settings.user.login;
    let ttl = Duration::from_secs(login.code_ttl_s);
    let id = ports.secret_id();
    tracing::Span::current().record("challenge", tracing::field::display(id));
    let code = format!("{:06}", ports.random.below(1_000_000));
    let seal = |context: &[u8], plain: &[u8]| {
        let sealed = ports.sealer.seal(ports.random.as_ref(), context, plain);
        sealed.map_err(|error| BeginError::Unavailable(error.to_string()))
    };
    let draft = Draft {
        id,
        allowance,
        code_hash: ports.pepper.hash(Purpose::Code, &[id.as_bytes(), code.as_bytes()]),
        address: seal(id.as_bytes(), address.as_str().as_bytes())?,
    };
    challenges(ports).open(draft).await?;
    let sealed_code = seal(&SendOtp::seal_context(id, address.as_str()), code.as_bytes())?;
    send(ports, id, &address, sealed_code, ttl).await?;
    metrics::counter!("login_codes_sent_total").increment(1);
    let resend_in = 60_u64.div_ceil(u64::from(login.sends_per_minute.max(1)));
    Ok(Begun { challenge: id, expires_in: ttl, resend_in: Duration::from_secs(resend_in) })
}

/// Whose limits count: a device that was here before has its own, so that a stranger cannot use up or cancel its codes.
fn allowance(ports: &Ports, address: &Address, device_token: Option<&str>) -> String {
    let device = device_token.and_then(|token| device_token::read(&ports.pepper, address, token));
    let address = address.key(&ports.pepper);
    device.map_or_else(|| format!("a:{address}"), |device| format!("d:{address}:{device}"))
}

/// The challenges of this service as they are now.
pub(super) fn challenges(ports: &Ports) -> Challenges<'_> {
    let login = &ports.settings.user.login;
    Challenges {
        kv: ports.kv.as_ref(),
        slots: login.challenges,
        ttl: Duration::from_secs(login.code_ttl_s),
        now: ports.clock.now(),
    }
}

async fn may_send(ports: &Ports, network: &str, allowance: &str) -> Result<(), BeginError> {
    let login = &ports.settings.user.login;
    let hour = Duration::from_hours(1);
    let network_limit = [Limit { count: login.sends_per_hour_per_network, window: hour }];
    let limits = [
        Limit { count: login.sends_per_minute, window: Duration::from_mins(1) },
        Limit { count: login.sends_per_hour, window: hour },
        Limit { count: login.sends_per_day, window: hour * 24 },
    ];
    for (key, limits) in [
        (format!("login:network:{network}"), &network_limit[..]),
        (format!("login:sends:{allowance}"), &limits[..]),
    ] {
        if let Hit::Refused(wait) = ports.kv.hit(&key, limits).await? {
            return Err(BeginError::TooOften(wait));
        }
    }
    Ok(())
}

async fn send(
    ports: &Ports,
    challenge: Uuid,
    address: &Address,
    sealed_code: Vec<u8>,
    ttl: Duration,
) -> Result<(), BeginError> {
    let cause = ports.cause();
    let event = Event::SendOtp(SendOtp {
        challenge,
        address: address.as_str().to_owned(),
        sealed_code,
        expires_at: cause.at.plus(ttl),
    });
    let message = Message { ttl: Some(ttl), ..cause.message(&event) };
    let sent = ports.bus.publish(message).await;
    sent.map_err(|error| BeginError::Unavailable(error.to_string()))
}
