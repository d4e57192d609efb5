use serde::{Deserialize, Serialize};

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Where the next page starts; `null` on the last one. Opaque to clients.
    pub next_cursor: Option<String>,
}

/// How many rows a page may have: 1 to 200, 50 unless asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimit(u32);

impl PageLimit {
    /// The most rows that one page holds.
    pub const MAX: u32 = 200;

    /// Takes what the client asked for; `None` when it is out of range.
    pub fn new(asked: Option<u32>) -> Option<Self> {
        match asked {
            None => Some(Self::default()),
            Some(rows) if (1..=Self::MAX).contains(&rows) => Some(Self(rows)),
            Some(_) => None,
        }
    }

    /// The number of rows.
    pub const fn rows(self) -> u32 {
        self.0
    }
}

impl Default for PageLimit {
    fn default() -> Self {
        Self(50)
    }
}
