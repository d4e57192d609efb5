//! The cases. `one` and `two` are instances of one namespace, `other` is of another.

use std::sync::Arc;
use std::time::Duration;

use kernel::{ManualClock, SeededRandom};
use kv::{Field, Hit, Kv, Lease, Limit};
use testkit::wait;
use tokio::task::JoinSet;
use tokio::time::Instant;

const MINUTE: Duration = Duration::from_mins(1);
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Stage {
    pub(crate) one: Arc<dyn Kv>,
    pub(crate) two: Arc<dyn Kv>,
    pub(crate) other: Arc<dyn Kv>,
}

impl Stage {
    /// Runs `act` `times` at once, on both instances in turn, and counts how often it said yes.
    async fn count<F: Future<Output = bool> + Send + 'static>(
        &self,
        times: usize,
        act: impl Fn(Arc<dyn Kv>, usize) -> F,
    ) -> usize {
        let mut tasks = JoinSet::new();
        for number in 0..times {
            let kv = if number % 2 == 0 { &self.one } else { &self.two };
            tasks.spawn(act(kv.clone(), number));
        }
        tasks.join_all().await.into_iter().filter(|yes| *yes).count()
    }
}

pub(crate) async fn run(stage: &Stage) {
    stage.one.ping().await.unwrap();
    what_is_set_is_read_by_all(stage).await;
    a_key_lives_as_long_as_it_should(&*stage.one).await;
    exactly_one_takes(stage).await;
    exactly_one_sets_what_was_absent(stage).await;
    a_lease_is_given_back_only_by_its_holder(stage).await;
    a_lease_is_held_by_one_for_as_long_as_it_asks(stage).await;
    limits_are_kept(stage).await;
    all_limits_of_a_key_are_kept(&*stage.one).await;
    room_comes_back_when_it_was_said_to(&*stage.one).await;
    refused_hits_do_not_count(&*stage.one).await;
    many_at_once_get_exactly_what_is_allowed(stage).await;
    odd_keys_and_values_are_keys_and_values(&*stage.one).await;
    namespaces_are_apart(stage).await;
    a_key_may_be_a_value_and_a_limit(&*stage.one).await;
    fields_live_side_by_side(stage).await;
    a_field_has_a_life_of_its_own(&*stage.one).await;
    many_fields_go_at_once(&*stage.one).await;
    many_values_are_read_at_once(stage).await;
}

fn field(key: &str, name: &str, value: &[u8]) -> Field {
    Field { key: key.to_owned(), name: name.to_owned(), value: value.to_owned() }
}

/// The fields of a key, by name.
async fn fields_of(kv: &dyn Kv, key: &str) -> Vec<(String, Vec<u8>)> {
    let mut all = kv.fields(&[key.to_owned()]).await.unwrap();
    let mut fields: Vec<_> =
        all.remove(0).into_iter().map(|field| (field.name, field.value)).collect();
    assert!(all.is_empty());
    fields.sort();
    fields
}

async fn fields_live_side_by_side(stage: &Stage) {
    let (one, two) = (&*stage.one, &*stage.two);
    one.set("anna", b"a value beside them", MINUTE).await.unwrap();
    one.set_fields(&[field("anna", "a", b"1"), field("ben", "a", b"\x00:\xff")], MINUTE)
        .await
        .unwrap();
    two.set_fields(&[field("anna", "b:c", b"")], MINUTE).await.unwrap();
    two.set_fields(&[field("anna", "a", b"2")], MINUTE).await.unwrap();
    assert_eq!(fields_of(one, "anna").await, [("a".into(), b"2".to_vec()), ("b:c".into(), vec![])]);
    let keys = ["ben", "nobody", "anna"].map(str::to_owned);
    let all = two.fields(&keys).await.unwrap();
    assert_eq!(all[0], [field("ben", "a", b"\x00:\xff")]);
    assert_eq!((all[1].len(), all[2].len()), (0, 2));
    one.remove_field("anna", "a").await.unwrap();
    one.remove_field("anna", "never there").await.unwrap();
    assert_eq!(fields_of(two, "anna").await, [("b:c".into(), vec![])]);
    assert!(fields_of(&*stage.other, "anna").await.is_empty());
    assert_eq!(one.get("anna").await.unwrap().unwrap(), b"a value beside them");
    assert!(one.fields(&[]).await.unwrap().is_empty());
}

async fn a_field_has_a_life_of_its_own(kv: &dyn Kv) {
    let (short, long) = (Duration::from_millis(80), MINUTE);
    kv.set_fields(&[field("lives", "long", b"1")], long).await.unwrap();
    kv.set_fields(&[field("lives", "short", b"1"), field("lives", "renewed", b"1")], short)
        .await
        .unwrap();
    kv.set_fields(&[field("lives", "renewed", b"2")], long).await.unwrap();
    let gone = async || (fields_of(kv, "lives").await.len() == 2).then_some(());
    wait::until(PATIENCE, gone).await.unwrap();
    let left = [("long".to_owned(), b"1".to_vec()), ("renewed".to_owned(), b"2".to_vec())];
    assert_eq!(fields_of(kv, "lives").await, left);
}

async fn many_fields_go_at_once(kv: &dyn Kv) {
    let many: Vec<Field> = (0..3_000_u32)
        .map(|number| {
            field(&format!("many-{}", number % 1_500), &number.to_string(), &number.to_be_bytes())
        })
        .collect();
    kv.set_fields(&many, MINUTE).await.unwrap();
    let keys: Vec<String> = (0..1_500).map(|number| format!("many-{number}")).collect();
    let found = kv.fields(&keys).await.unwrap();
    assert!(found.iter().all(|fields| fields.len() == 2));
    assert_eq!(found[7].iter().map(|field| &field.name).filter(|name| *name == "7").count(), 1);
}

async fn many_values_are_read_at_once(stage: &Stage) {
    let (one, two) = (&*stage.one, &*stage.two);
    let keys: Vec<String> = (0..3_000).map(|number| format!("value-{number}")).collect();
    for (number, key) in (0_u32..).zip(&keys).filter(|(number, _)| number % 100 == 7) {
        one.set(key, &number.to_be_bytes(), MINUTE).await.unwrap();
    }
    one.take("value-107").await.unwrap();
    let found = two.get_all(&keys).await.unwrap();
    for (number, value) in (0_u32..).zip(&found) {
        let there = number % 100 == 7 && number != 107;
        let expected = there.then(|| number.to_be_bytes().to_vec());
        assert_eq!(value, &expected, "{number}");
    }
    assert_eq!(found.len(), keys.len());
    assert!(stage.other.get_all(&keys).await.unwrap().iter().all(Option::is_none));
    assert!(one.get_all(&[]).await.unwrap().is_empty());
}

async fn a_lease_is_held_by_one_for_as_long_as_it_asks(stage: &Stage) {
    let clock = Arc::new(ManualClock::default());
    let lease = |kv: &Arc<dyn Kv>, seed| {
        Lease::new(kv.clone(), clock.clone(), &SeededRandom::new(seed), "work", MINUTE)
    };
    let (mut a, mut b) = (lease(&stage.one, 1), lease(&stage.two, 2));
    assert!(a.held().await.unwrap());
    assert!(!b.held().await.unwrap());
    clock.advance(MINUTE * 3 / 4);
    assert!(a.held().await.unwrap(), "renewed");
    assert!(!b.held().await.unwrap());
    a.give_back().await.unwrap();
    assert!(b.held().await.unwrap());
    a.give_back().await.unwrap();
    assert!(!a.held().await.unwrap(), "what one does not hold one cannot give back");
    // As if its life had passed, and another had come.
    stage.one.take("lease:work").await.unwrap();
    assert!(a.held().await.unwrap());
    clock.advance(MINUTE);
    assert!(!b.held().await.unwrap());
    assert!(a.held().await.unwrap());
    a.give_back().await.unwrap();
}

async fn what_is_set_is_read_by_all(stage: &Stage) {
    assert_eq!(stage.one.get("set").await.unwrap(), None);
    stage.one.set("set", b"1", MINUTE).await.unwrap();
    assert_eq!(stage.two.get("set").await.unwrap().unwrap(), b"1");
    stage.two.set("set", b"2", MINUTE).await.unwrap();
    assert_eq!(stage.one.get("set").await.unwrap().unwrap(), b"2");
}

async fn a_key_lives_as_long_as_it_should(kv: &dyn Kv) {
    kv.set("short", b"1", Duration::from_millis(80)).await.unwrap();
    kv.set("long", b"1", MINUTE).await.unwrap();
    kv.set("changed", b"1", Duration::from_millis(80)).await.unwrap();
    kv.set("changed", b"2", MINUTE).await.unwrap();
    let gone = async || kv.get("short").await.unwrap().is_none().then_some(());
    wait::until(PATIENCE, gone).await.unwrap();
    assert!(kv.get("long").await.unwrap().is_some());
    assert!(kv.get("changed").await.unwrap().is_some(), "the first time to live was kept");
    assert!(kv.set_if_absent("short", b"2", MINUTE).await.unwrap());
    // The longest and the shortest that can be said.
    kv.set("endless", b"1", Duration::MAX).await.unwrap();
    assert!(kv.get("endless").await.unwrap().is_some());
    kv.set("nothing", b"1", Duration::ZERO).await.unwrap();
    let gone = async || kv.get("nothing").await.unwrap().is_none().then_some(());
    wait::until(PATIENCE, gone).await.unwrap();
}

async fn exactly_one_takes(stage: &Stage) {
    stage.one.set("take", b"code", MINUTE).await.unwrap();
    let take = async |kv: Arc<dyn Kv>| kv.take("take").await.unwrap();
    let took = stage.count(50, move |kv, _| async move { take(kv).await.is_some() }).await;
    assert_eq!(took, 1);
    assert_eq!(stage.one.get("take").await.unwrap(), None);
    stage.one.set("take", b"again", MINUTE).await.unwrap();
    assert_eq!(stage.two.take("take").await.unwrap().unwrap(), b"again");
}

async fn exactly_one_sets_what_was_absent(stage: &Stage) {
    let set = |kv: Arc<dyn Kv>, number: usize| async move {
        kv.set_if_absent("absent", &[u8::try_from(number).unwrap()], MINUTE).await.unwrap()
    };
    assert_eq!(stage.count(50, set).await, 1);
    assert_eq!(stage.one.get("absent").await.unwrap().unwrap().len(), 1);
    assert!(!stage.one.set_if_absent("absent", b"late", MINUTE).await.unwrap());
}

async fn a_lease_is_given_back_only_by_its_holder(stage: &Stage) {
    stage.one.set("lease", b"mine", MINUTE).await.unwrap();
    assert!(!stage.two.remove_if("lease", b"yours").await.unwrap());
    assert!(!stage.two.remove_if("no lease", b"mine").await.unwrap());
    assert_eq!(stage.one.get("lease").await.unwrap().unwrap(), b"mine");
    assert!(stage.two.remove_if("lease", b"mine").await.unwrap());
    assert!(!stage.one.remove_if("lease", b"mine").await.unwrap());
    assert_eq!(stage.one.get("lease").await.unwrap(), None);
}

async fn limits_are_kept(stage: &Stage) {
    let limits = [Limit { count: 3, window: MINUTE }];
    for kv in [&stage.one, &stage.two, &stage.one] {
        assert_eq!(kv.hit("limit", &limits).await.unwrap(), Hit::Allowed);
    }
    let Hit::Refused(wait) = stage.two.hit("limit", &limits).await.unwrap() else {
        panic!("a fourth hit within the window");
    };
    assert!(wait > MINUTE / 2 && wait <= MINUTE, "{wait:?}");
    assert_eq!(stage.two.hit("another limit", &limits).await.unwrap(), Hit::Allowed);
    let never = [Limit { count: 0, window: MINUTE }];
    assert_eq!(stage.one.hit("never", &never).await.unwrap(), Hit::Refused(MINUTE));
    for _ in 0..10 {
        assert_eq!(stage.one.hit("no limit", &[]).await.unwrap(), Hit::Allowed);
    }
}

async fn all_limits_of_a_key_are_kept(kv: &dyn Kv) {
    let hour = Duration::from_hours(1);
    let limits = [Limit { count: 5, window: MINUTE }, Limit { count: 2, window: hour }];
    assert_eq!(kv.hit("several", &limits).await.unwrap(), Hit::Allowed);
    assert_eq!(kv.hit("several", &limits).await.unwrap(), Hit::Allowed);
    let Hit::Refused(wait) = kv.hit("several", &limits).await.unwrap() else {
        panic!("a third hit within the hour");
    };
    assert!(wait > hour / 2 && wait <= hour, "{wait:?}");
}

async fn room_comes_back_when_it_was_said_to(kv: &dyn Kv) {
    let window = Duration::from_millis(400);
    let limits = [Limit { count: 2, window }, Limit { count: 100, window: MINUTE }];
    assert_eq!(kv.hit("roll", &limits).await.unwrap(), Hit::Allowed);
    assert_eq!(kv.hit("roll", &limits).await.unwrap(), Hit::Allowed);
    let asked = Instant::now();
    let Hit::Refused(said) = kv.hit("roll", &limits).await.unwrap() else {
        panic!("a third hit within the window");
    };
    assert!(said <= window, "{said:?}");
    let allowed = async || (kv.hit("roll", &limits).await.unwrap() == Hit::Allowed).then_some(());
    wait::until(PATIENCE, allowed).await.unwrap();
    // The server counts whole milliseconds, and our question took its way.
    assert!(asked.elapsed() + Duration::from_millis(2) >= said, "allowed before its time");
}

async fn refused_hits_do_not_count(kv: &dyn Kv) {
    let limits = [Limit { count: 1, window: Duration::from_millis(150) }];
    assert_eq!(kv.hit("refused", &limits).await.unwrap(), Hit::Allowed);
    // Asked without pause: if a refusal counted, the window would never empty.
    let allowed =
        async || (kv.hit("refused", &limits).await.unwrap() == Hit::Allowed).then_some(());
    wait::until(PATIENCE, allowed).await.unwrap();
}

async fn many_at_once_get_exactly_what_is_allowed(stage: &Stage) {
    let hit = |kv: Arc<dyn Kv>, _| async move {
        kv.hit("crowd", &[Limit { count: 17, window: MINUTE }]).await.unwrap() == Hit::Allowed
    };
    assert_eq!(stage.count(100, hit).await, 17);
}

async fn odd_keys_and_values_are_keys_and_values(kv: &dyn Kv) {
    let long = "k".repeat(10_000);
    let keys = [
        "",
        " ",
        "a b",
        "a\r\nSET x y\r\n",
        "a\0b",
        "{a}",
        "{",
        "*",
        "'; DROP TABLE kv_values; --",
        "\u{1F468}\u{200D}\u{1F469}",
        "%_",
        "a:b",
        &long,
    ];
    let limits = [Limit { count: 1, window: MINUTE }];
    for (number, key) in keys.iter().enumerate() {
        kv.set(key, &[u8::try_from(number).unwrap(), 0, 13, 10, 255], MINUTE).await.unwrap();
        assert_eq!(kv.hit(key, &limits).await.unwrap(), Hit::Allowed, "{key:?}");
    }
    for (number, key) in keys.iter().enumerate() {
        let value = kv.get(key).await.unwrap().unwrap();
        assert_eq!(value, [u8::try_from(number).unwrap(), 0, 13, 10, 255], "{key:?}");
        assert!(kv.remove_if(key, &value).await.unwrap(), "{key:?}");
    }
    kv.set("empty", b"", MINUTE).await.unwrap();
    assert_eq!(kv.take("empty").await.unwrap().unwrap(), b"");
    let large = vec![7; 1_000_000];
    kv.set("large", &large, MINUTE).await.unwrap();
    assert_eq!(kv.get("large").await.unwrap().unwrap(), large);
}

async fn namespaces_are_apart(stage: &Stage) {
    let limits = [Limit { count: 1, window: MINUTE }];
    stage.one.set("space", b"1", MINUTE).await.unwrap();
    assert_eq!(stage.other.get("space").await.unwrap(), None);
    assert!(stage.other.set_if_absent("space", b"2", MINUTE).await.unwrap());
    assert_eq!(stage.one.hit("space", &limits).await.unwrap(), Hit::Allowed);
    assert_eq!(stage.other.hit("space", &limits).await.unwrap(), Hit::Allowed);
    assert_eq!(stage.other.take("space").await.unwrap().unwrap(), b"2");
    assert_eq!(stage.one.get("space").await.unwrap().unwrap(), b"1");
}

async fn a_key_may_be_a_value_and_a_limit(kv: &dyn Kv) {
    let limits = [Limit { count: 1, window: MINUTE }];
    kv.set("both", b"1", MINUTE).await.unwrap();
    assert_eq!(kv.hit("both", &limits).await.unwrap(), Hit::Allowed);
    assert_eq!(kv.take("both").await.unwrap().unwrap(), b"1");
    assert!(matches!(kv.hit("both", &limits).await.unwrap(), Hit::Refused(_)));
}
