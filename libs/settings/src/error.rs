use std::fmt;
use std::path::PathBuf;

/// Where a value was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The default file in the binary.
    Default,
    /// A configuration file.
    File(PathBuf),
    /// An environment variable, by name.
    Environment(String),
    /// The command line.
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the defaults"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "the environment ({name})"),
            Self::CommandLine => f.write_str("the command line"),
        }
    }
}

/// Why the process must not start with these settings. The text is for the operator: it names the key, where it was set
/// and the remedy, and never a value that may hold a secret.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The configuration file cannot be read.
    #[error("cannot read the configuration file {}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The configuration file is not TOML.
    #[error("{} is not valid TOML, line {line}: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Counted from 1; 0 when not known.
        line: usize,
        /// What the parser said.
        reason: String,
    },
    /// There is no such key.
    #[error("unknown setting `{key}` in {origin}; {remedy}")]
    UnknownKey {
        /// Dotted path.
        key: String,
        /// Where it was found.
        origin: Origin,
        /// What may have been meant.
        remedy: String,
    },
    /// A value of the wrong type or out of range.
    #[error("bad value for `{key}` in {origin}: {problem}")]
    BadValue {
        /// Dotted path.
        key: String,
        /// Where it was set.
        origin: Origin,
        /// What would be right.
        problem: String,
    },
    /// Values that are right each, and do not go together.
    #[error("these settings do not go together: {}", problems.join("; "))]
    Unsound {
        /// One sentence for each key at fault, with the remedy.
        problems: Vec<String>,
    },
    /// The file of generated secrets cannot be made or read.
    #[error("secrets in {}: {reason}", path.display())]
    SecretsFile {
        /// The file.
        path: PathBuf,
        /// What is wrong, and the remedy.
        reason: String,
    },
}
