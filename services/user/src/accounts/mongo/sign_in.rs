use bson::{DateTime, doc};
use contracts::Profile;
use futures::future::{BoxFuture, FutureExt};
use kernel::{DeviceId, UserId};
use mongodb::ClientSession;
use mongodb::error::{Error, Result as Answer};
use serde::{Deserialize, Serialize};

use super::super::{Device, Owned, SignIn, SignedIn};
use super::room;
use super::rows::{DeviceRow, SessionRow};
use crate::accounts::store::blank;
use crate::mongo::{DEVICES, LOGINS, Mongo, SESSIONS, USERS, date, id, uuid};
use crate::preferences::Preferences;
use crate::profiles::UserRow;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoginRow {
    #[serde(rename = "_id")]
    address: String,
    user_id: bson::Uuid,
    created_at: DateTime,
}

/// One log-in, in the transaction.
pub(super) fn run<'b>(
    session: &'b mut ClientSession,
    context: &'b mut (Mongo, SignIn),
) -> BoxFuture<'b, Answer<SignedIn>> {
    async move {
        let (mongo, sign_in) = context;
        let known = find(mongo, session, &sign_in.address).await?;
        let is_new = known.is_none();
        let user = match known {
            Some(user) => user,
            None => make(mongo, session, sign_in).await?,
        };
        let device = take_device(mongo, session, user.id, sign_in).await?;
        let row = SessionRow::begin(user.id, uuid(device.id), sign_in);
        mongo.rows::<SessionRow>(SESSIONS).insert_one(row).session(&mut *session).await?;
        let came = Owned { user: user.id, device: device.id };
        let room = room::make(mongo, session, came, sign_in).await?;
        Ok(SignedIn { user, device, is_new, room })
    }
    .boxed()
}

async fn find(
    mongo: &Mongo,
    session: &mut ClientSession,
    address: &str,
) -> Answer<Option<Profile>> {
    let logins = mongo.rows::<LoginRow>(LOGINS);
    let login = logins.find_one(doc! { "_id": address }).session(&mut *session).await?;
    let Some(login) = login else { return Ok(None) };
    let users = mongo.rows::<UserRow>(USERS);
    let user = users.find_one(doc! { "_id": login.user_id }).session(&mut *session).await?;
    let missing = || Error::custom(format!("person {} is missing", id::<()>(login.user_id)));
    user.map(Profile::from).ok_or_else(missing).map(Some)
}

async fn make(mongo: &Mongo, session: &mut ClientSession, sign_in: &SignIn) -> Answer<Profile> {
    let user = blank(sign_in.new_user, sign_in.cause.at);
    let row = UserRow::new(user.clone(), Preferences::default());
    mongo.rows::<UserRow>(USERS).insert_one(row).session(&mut *session).await?;
    let login = LoginRow {
        address: sign_in.address.clone(),
        user_id: uuid(user.id),
        created_at: date(sign_in.cause.at),
    };
    mongo.rows::<LoginRow>(LOGINS).insert_one(login).session(&mut *session).await?;
    Ok(user)
}

async fn take_device(
    mongo: &Mongo,
    session: &mut ClientSession,
    user: UserId,
    sign_in: &SignIn,
) -> Answer<Device> {
    let devices = mongo.rows::<DeviceRow>(DEVICES);
    let row = |device: DeviceId| DeviceRow {
        id: uuid(device),
        user_id: uuid(user),
        name: sign_in.device_name.clone(),
        platform: sign_in.platform.clone(),
        last_seen_at: date(sign_in.cause.at),
    };
    if let Some(asked) = sign_in.device {
        let own = doc! { "_id": uuid(asked), "userId": uuid(user) };
        let written = devices.replace_one(own, row(asked)).session(&mut *session).await?;
        if written.matched_count == 1 {
            return Ok(row(asked).into());
        }
    }
    devices.insert_one(row(sign_in.new_device)).session(&mut *session).await?;
    Ok(row(sign_in.new_device).into())
}
