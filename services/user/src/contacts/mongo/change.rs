use futures::future::{BoxFuture, FutureExt};
use kernel::{Timestamp, UserId};
use mongodb::ClientSession;
use mongodb::error::{Error, Result as Reply};

use super::super::rules::{Pair, Refusal, Tally, decide};
use super::super::store::{self, Answer, Change, Side, Standing, Wanted};
use super::rows::{self, KeyRow, Row};
use super::standing;
use crate::mongo::{CONTACT_KEYS, CONTACTS, Mongo};
use crate::outbox::add_all_mongo;
use crate::store::StoreError;

/// One change, in the transaction. The statements are the same ones, and as many, whether or not the other blocks.
pub(super) fn run<'b>(
    session: &'b mut ClientSession,
    context: &'b mut (Mongo, Wanted),
) -> BoxFuture<'b, Reply<Answer>> {
    async move {
        let (mongo, wanted) = context;
        if let Some(answer) = again(mongo, session, wanted).await? {
            return Ok(answer);
        }
        let before = Pair {
            mine: side(mongo, session, wanted.user, wanted.other).await?,
            theirs: side(mongo, session, wanted.other, wanted.user).await?,
        };
        let tally = count(mongo, session, wanted).await?;
        let decision = match decide(wanted, before, tally) {
            Ok(decision) => decision,
            Err(refusal) => return Ok(Answer::Refused(refusal)),
        };
        if decision.made.changed {
            let (at, Pair { mine, theirs }) = (wanted.cause.at, decision.after);
            write(mongo, session, (wanted.user, wanted.other), mine, at).await?;
            write(mongo, session, (wanted.other, wanted.user), theirs, at).await?;
            add_all_mongo(mongo, session, &wanted.cause, &decision.events).await?;
        }
        if let Some(key) = wanted.key {
            let answered = store::Answered { other: wanted.other, made: decision.made };
            let row = KeyRow::new(wanted.user, key, answered, wanted.cause.at);
            mongo.rows::<KeyRow>(CONTACT_KEYS).insert_one(row).session(&mut *session).await?;
        }
        Ok(Answer::Done(decision.made))
    }
    .boxed()
}

/// What was answered to the same request before.
async fn again(
    mongo: &Mongo,
    session: &mut ClientSession,
    wanted: &Wanted,
) -> Reply<Option<Answer>> {
    let Some(key) = wanted.key else { return Ok(None) };
    let rows = mongo.rows::<KeyRow>(CONTACT_KEYS);
    let own = bson::doc! { "_id": rows::key_id(wanted.user, key) };
    let Some(row) = rows.find_one(own).session(&mut *session).await? else { return Ok(None) };
    let answered = store::Answered::try_from(row).map_err(unreadable)?;
    let same = answered.other == wanted.other;
    Ok(Some(if same { Answer::Done(answered.made) } else { Answer::Refused(Refusal::KeyTaken) }))
}

async fn side(
    mongo: &Mongo,
    session: &mut ClientSession,
    user: UserId,
    other: UserId,
) -> Reply<Side> {
    let rows = mongo.rows::<Row>(CONTACTS);
    let found = rows.find_one(rows::of(user, other)).session(&mut *session).await?;
    found.map_or(Ok(Side::default()), Side::try_from).map_err(unreadable)
}

/// Counts what the change may come up against, and no further than the limit.
async fn count(mongo: &Mongo, session: &mut ClientSession, wanted: &Wanted) -> Reply<Tally> {
    let Wanted { user, other, most, .. } = wanted;
    let mut rows = async |user, standings: &[Standing], most: u32| {
        let contacts = mongo.documents(CONTACTS);
        let counting = contacts.count_documents(standing(user, standings)).limit(u64::from(most));
        let count = counting.session(&mut *session).await?;
        Reply::Ok(u32::try_from(count).unwrap_or(u32::MAX))
    };
    let mut tally = Tally::default();
    if matches!(wanted.change, Change::Request | Change::Accept) {
        let taken = [Standing::Accepted, Standing::Outgoing];
        tally.contacts = rows(*user, &taken, most.contacts).await?;
    }
    if wanted.change == Change::Request {
        tally.requests = rows(*other, &[Standing::Incoming], most.requests).await?;
    }
    if wanted.change == Change::Block {
        tally.blocks = rows(*user, &[Standing::Blocked], most.blocks).await?;
    }
    Ok(tally)
}

/// Writes one side; a blank one goes.
async fn write(
    mongo: &Mongo,
    session: &mut ClientSession,
    (user, other): (UserId, UserId),
    side: Side,
    at: Timestamp,
) -> Reply<()> {
    let rows = mongo.rows::<Row>(CONTACTS);
    let filter = rows::of(user, other);
    if side.is_blank() {
        return rows.delete_one(filter).session(&mut *session).await.map(drop);
    }
    let row = Row::new(user, other, side, at);
    rows.replace_one(filter, row).upsert(true).session(&mut *session).await.map(drop)
}

fn unreadable(error: StoreError) -> Error {
    Error::custom(error)
}
