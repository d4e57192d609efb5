use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::check;
use crate::layers::{Layers, bad_value};
use crate::{Origin, Settings, SettingsError};

/// The annotated default file.
pub const DEFAULTS: &str = include_str!("default.toml");

/// The environment variable that names the configuration file.
pub const CONFIG_VARIABLE: &str = "RESTANTE_CONFIG";

const PREFIX: &str = "RESTANTE_";

/// Values from the command line: dotted key and text.
pub type Overrides<'a> = &'a [(&'a str, String)];

impl Settings {
    /// The defaults, under `file` (or the file that `RESTANTE_CONFIG` names), under the variables of `env` that start with
    /// `RESTANTE_`, under `overrides`. `{data}` in texts is replaced by `server.data`.
    ///
    /// Says nothing about whether the values go together: see [`Settings::check`].
    pub fn load(
        file: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
        overrides: Overrides<'_>,
    ) -> Result<Self, SettingsError> {
        let env: Vec<(String, String)> =
            env.into_iter().filter(|(name, _)| name.starts_with(PREFIX)).collect();
        let mut layers = Layers::new(defaults()?);
        if let Some(path) = file.map(Path::to_owned).or_else(|| file_from(&env)) {
            layers.lay_table(read(&path)?, &Origin::File(path))?;
        }
        for (name, text) in &env {
            lay_variable(&mut layers, name, text)?;
        }
        for (key, text) in overrides {
            layers.lay_text(key, text, &Origin::CommandLine)?;
        }
        let (mut table, origins) = layers.finish();
        substitute_data(&mut table);
        check::values(&table, &origins)?;
        // What is still wrong now is a type that `check` does not know of, which the default file would show too.
        let mut settings: Self = Value::Table(table).try_into().map_err(|error| {
            bad_value("settings", &Origin::Default, toml::de::Error::message(&error).to_owned())
        })?;
        settings.origins = origins;
        Ok(settings)
    }
}

pub(crate) fn defaults() -> Result<Table, SettingsError> {
    parse(Path::new("default.toml"), DEFAULTS)
}

/// The environment variable that sets a key.
pub(crate) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace('.', "__"))
}

fn file_from(env: &[(String, String)]) -> Option<PathBuf> {
    let (_, path) = env.iter().find(|(name, path)| name == CONFIG_VARIABLE && !path.is_empty())?;
    Some(PathBuf::from(path))
}

fn read(path: &Path) -> Result<Table, SettingsError> {
    let text = std::fs::read_to_string(path).map_err(|error| SettingsError::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    parse(path, &text)
}

fn parse(path: &Path, text: &str) -> Result<Table, SettingsError> {
    // The parser's own rendering quotes the line, which may hold a secret; its message alone does not.
    text.parse().map_err(|error: toml::de::Error| SettingsError::Syntax {
        path: path.to_owned(),
        line: error.span().map_or(0, |span| text[..span.start].lines().count().max(1)),
        reason: error.message().to_owned(),
    })
}

fn lay_variable(layers: &mut Layers, name: &str, text: &str) -> Result<(), SettingsError> {
    let rest = &name[PREFIX.len()..];
    let origin = Origin::Environment(name.to_owned());
    if rest.contains("__") {
        return layers.lay_text(&rest.to_lowercase().replace("__", "."), text, &origin);
    }
    // Every key has a section, so a name without `__` sets none. Kubernetes makes such names for its services
    // (RESTANTE_CHAT_PORT), so they are passed over, unless one reads like a key written with one underscore.
    let meant = layers.keys().iter().find(|key| variable(key).replace("__", "_") == name);
    match meant {
        None => Ok(()),
        Some(key) => Err(SettingsError::UnknownKey {
            key: name.to_owned(),
            origin,
            remedy: format!("write {} (two underscores)", variable(key)),
        }),
    }
}

fn substitute_data(table: &mut Table) {
    let data = crate::layers::leaf(table, "server.data").and_then(Value::as_str);
    let data = data.unwrap_or(".").trim_end_matches('/').to_owned();
    for (_, value) in table.iter_mut() {
        substitute(value, &data);
    }
}

fn substitute(value: &mut Value, data: &str) {
    match value {
        Value::String(text) if text.contains("{data}") => *text = text.replace("{data}", data),
        Value::Table(inner) => inner.iter_mut().for_each(|(_, value)| substitute(value, data)),
        _ => {}
    }
}
