//! Attachments' places in JSON: `{"_placeholder": true, "num": 0}`.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

const MARK: &str = "_placeholder";

/// Whether every placeholder in the values names one of that many attachments. Values that are nested too deeply to be
/// looked through are not taken.
pub(crate) fn are_sound(values: &[Box<RawValue>], attachments: usize) -> bool {
    let most = u64::try_from(attachments).unwrap_or(u64::MAX);
    values.iter().all(|value| {
        serde_json::from_str::<Found>(value.get())
            .is_ok_and(|found| found.highest().is_none_or(|number| number < most))
    })
}

/// Which attachment a value stands for, if it is a placeholder.
pub(crate) fn number(value: &RawValue) -> Option<usize> {
    #[derive(Deserialize)]
    struct Placeholder {
        #[serde(rename = "_placeholder")]
        is: bool,
        num: usize,
    }
    let placeholder: Placeholder = serde_json::from_str(value.get()).ok()?;
    placeholder.is.then_some(placeholder.num)
}

/// A value, as far as placeholders are concerned.
#[derive(Clone, Copy)]
enum Found {
    True,
    Number(u64),
    /// The highest number of a placeholder inside.
    Other(Option<u64>),
}

impl Found {
    const fn highest(self) -> Option<u64> {
        match self {
            Self::Other(highest) => highest,
            Self::True | Self::Number(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for Found {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Search)
    }
}

struct Search;

impl<'de> Visitor<'de> for Search {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Found, E> {
        Ok(Found::Other(None))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Found, E> {
        Ok(if value { Found::True } else { Found::Other(None) })
    }

    fn visit_i64<E>(self, _: i64) -> Result<Found, E> {
        Ok(Found::Other(None))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Found, E> {
        Ok(Found::Number(value))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Found, E> {
        Ok(Found::Other(None))
    }

    fn visit_str<E>(self, _: &str) -> Result<Found, E> {
        Ok(Found::Other(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Found, A::Error> {
        let mut highest = None;
        while let Some(found) = seq.next_element::<Found>()? {
            highest = highest.max(found.highest());
        }
        Ok(Found::Other(highest))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        let (mut highest, mut marked, mut own) = (None, false, u64::MAX);
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            let found = map.next_value::<Found>()?;
            highest = highest.max(found.highest());
            match (&*key, found) {
                (MARK, found) => marked = matches!(found, Found::True),
                ("num", Found::Number(number)) => own = number,
                ("num", _) => own = u64::MAX,
                _ => {}
            }
        }
        Ok(Found::Other(if marked { highest.max(Some(own)) } else { highest }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(json: &str, attachments: usize) -> bool {
        are_sound(&[RawValue::from_string(json.to_owned()).unwrap()], attachments)
    }

    #[test]
    fn placeholders_name_attachments_that_are_there() {
        let first = r#"{"_placeholder":true,"num":0}"#;
        assert!(sound(first, 1));
        assert!(!sound(first, 0));
        assert!(sound(r#"[{"a":{"num":1,"_placeholder":true}},1.5,-1,"x",null,true]"#, 2));
        assert!(!sound(r#"[{"a":{"num":2,"_placeholder":true}}]"#, 2));
        for bad in [
            r#"{"_placeholder":true}"#,
            r#"{"_placeholder":true,"num":-1}"#,
            r#"{"_placeholder":true,"num":"0"}"#,
            r#"{"_placeholder":true,"num":0.5}"#,
            r#"{"num":{"_placeholder":true,"num":9}}"#,
        ] {
            assert!(!sound(bad, 5), "{bad}");
        }
        for plain in [r#"{"num":9}"#, r#"{"_placeholder":false,"num":9}"#, r#"{"_placeholder":1}"#]
        {
            assert!(sound(plain, 0), "{plain}");
        }
    }

    #[test]
    fn what_is_nested_too_deeply_is_not_taken() {
        assert!(sound(&format!("{}{}", "[".repeat(100), "]".repeat(100)), 1));
        assert!(!sound(&format!("{}{}", "[".repeat(30_000), "]".repeat(30_000)), 1));
        let nums = format!("{}1{}", r#"{"num":"#.repeat(5_000), "}".repeat(5_000));
        assert!(!sound(&nums, 1));
    }

    #[test]
    fn a_value_tells_its_attachment() {
        let value = |json: &str| RawValue::from_string(json.to_owned()).unwrap();
        assert_eq!(number(&value(r#"{"_placeholder":true,"num":3}"#)), Some(3));
        assert_eq!(number(&value(r#"{"_placeholder":false,"num":3}"#)), None);
        assert_eq!(number(&value("[3]")), None);
    }
}
