use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use crate::nearest::nearest;
use crate::{Origin, SettingsError};

/// Where each key that is not at its default was set, by dotted path.
pub(crate) type Origins = BTreeMap<String, Origin>;

/// The default table with others laid over it. A key that the defaults do not have never gets in.
pub(crate) struct Layers {
    table: Table,
    keys: BTreeSet<String>,
    origins: Origins,
}

impl Layers {
    pub(crate) fn new(defaults: Table) -> Self {
        let mut keys = BTreeSet::new();
        collect_keys("", &defaults, &mut keys);
        Self { table: defaults, keys, origins: Origins::new() }
    }

    /// Every key there is, as a dotted path.
    pub(crate) fn keys(&self) -> &BTreeSet<String> {
        &self.keys
    }

    /// Lays a parsed file over.
    pub(crate) fn lay_table(&mut self, over: Table, origin: &Origin) -> Result<(), SettingsError> {
        let mut leaves = Vec::new();
        collect_leaves("", over, &mut leaves);
        for (key, value) in leaves {
            let current = self.find(&key, origin)?;
            let value = same_type(current, value)
                .map_err(|problem| bad_value(&key, origin, problem.to_owned()))?;
            self.put(key, value, origin);
        }
        Ok(())
    }

    /// Lays one value over, given as text and read as the type of the default at that key.
    pub(crate) fn lay_text(
        &mut self,
        key: &str,
        text: &str,
        origin: &Origin,
    ) -> Result<(), SettingsError> {
        let current = self.find(key, origin)?;
        let value = parse_like(current, text)
            .map_err(|problem| bad_value(key, origin, problem.to_owned()))?;
        self.put(key.to_owned(), value, origin);
        Ok(())
    }

    /// Gives the result.
    pub(crate) fn finish(self) -> (Table, Origins) {
        (self.table, self.origins)
    }

    fn find(&self, key: &str, origin: &Origin) -> Result<&Value, SettingsError> {
        if !self.keys.contains(key) {
            return Err(self.unknown(key, origin));
        }
        leaf(&self.table, key).ok_or_else(|| self.unknown(key, origin))
    }

    fn unknown(&self, key: &str, origin: &Origin) -> SettingsError {
        let remedy = match nearest(key, self.keys.iter()) {
            Some(known) => format!("did you mean `{known}`?"),
            None => "remove it; libs/settings/src/default.toml lists every key there is".to_owned(),
        };
        SettingsError::UnknownKey { key: shown(key), origin: origin.clone(), remedy }
    }

    fn put(&mut self, key: String, value: Value, origin: &Origin) {
        if let Some(place) = leaf_mut(&mut self.table, &key) {
            *place = value;
            self.origins.insert(key, origin.clone());
        }
    }
}

pub(crate) fn bad_value(key: &str, origin: &Origin, problem: String) -> SettingsError {
    SettingsError::BadValue { key: key.to_owned(), origin: origin.clone(), problem }
}

/// The value at a dotted path.
pub(crate) fn leaf<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    match key.split_once('.') {
        None => table.get(key),
        Some((head, rest)) => leaf(table.get(head)?.as_table()?, rest),
    }
}

fn leaf_mut<'a>(table: &'a mut Table, key: &str) -> Option<&'a mut Value> {
    match key.split_once('.') {
        None => table.get_mut(key),
        Some((head, rest)) => leaf_mut(table.get_mut(head)?.as_table_mut()?, rest),
    }
}

fn collect_keys(prefix: &str, table: &Table, keys: &mut BTreeSet<String>) {
    for (name, value) in table {
        let key = join(prefix, name);
        match value {
            Value::Table(inner) => collect_keys(&key, inner, keys),
            _ => {
                keys.insert(key);
            }
        }
    }
}

fn collect_leaves(prefix: &str, table: Table, leaves: &mut Vec<(String, Value)>) {
    for (name, value) in table {
        let key = join(prefix, &name);
        match value {
            Value::Table(inner) => collect_leaves(&key, inner, leaves),
            value => leaves.push((key, value)),
        }
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

/// An unknown key as it may be printed: it comes from outside.
fn shown(key: &str) -> String {
    key.chars().filter(|c| !c.is_control()).take(80).collect()
}

fn same_type(current: &Value, value: Value) -> Result<Value, &'static str> {
    match (current, &value) {
        (Value::Array(_), Value::Array(items)) if !items.iter().all(Value::is_str) => {
            Err("must be a list of texts, such as [\"a\", \"b\"]")
        }
        _ if current.type_str() == value.type_str() => Ok(value),
        (Value::Integer(_), _) => Err("must be a whole number, without quotes"),
        (Value::Boolean(_), _) => Err("must be true or false, without quotes"),
        (Value::Array(_), _) => Err("must be a list, such as [\"a\", \"b\"]"),
        _ => Err("must be text in quotes"),
    }
}

fn parse_like(current: &Value, text: &str) -> Result<Value, &'static str> {
    match current {
        Value::Integer(_) => {
            text.trim().parse().map(Value::Integer).map_err(|_| "must be a whole number")
        }
        Value::Boolean(_) => {
            text.trim().parse().map(Value::Boolean).map_err(|_| "must be true or false")
        }
        Value::Array(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Ok(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
        }
        _ => Ok(Value::String(text.to_owned())),
    }
}
