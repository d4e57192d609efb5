use std::fmt::Write as _;

use super::load::Figures;
use super::process::Kind;

/// What was measured of one server.
#[derive(Debug)]
pub(crate) struct Row {
    kind: Kind,
    /// So many sockets, and bytes in memory for each.
    pub(crate) idle: Vec<(usize, f64)>,
    pub(crate) connects_per_s: f64,
    pub(crate) echo: Figures,
    pub(crate) paced: Figures,
    pub(crate) full: Figures,
}

impl Row {
    pub(crate) fn new(kind: Kind) -> Self {
        let none = Figures::default();
        Self { kind, idle: Vec::new(), connects_per_s: 0.0, echo: none, paced: none, full: none }
    }
}

/// The table, a column for each server.
pub(crate) fn text(rows: &[Row]) -> String {
    let mut text = String::from("| |");
    let mut line = |name: &str, cell: &dyn Fn(&Row) -> String| {
        let _ = write!(text, "\n| {name} |");
        for row in rows {
            let _ = write!(text, " {} |", cell(row));
        }
    };
    line("server", &|row| format!("{:?}", row.kind).to_lowercase());
    line("---", &|_| "--:".to_owned());
    for (at, (count, _)) in
        rows.first().map(|row| row.idle.clone()).unwrap_or_default().iter().enumerate()
    {
        line(&format!("idle memory of a socket, of {count} (KB)"), &|row| {
            row.idle
                .get(at)
                .map_or_else(String::new, |(_, bytes)| format!("{:.1}", bytes / 1_024.0))
        });
    }
    line("connections/s", &|row| format!("{:.0}", row.connects_per_s));
    line("echo round trips/s, 100 sockets", &|row| format!("{:.0}", row.echo.per_s));
    line("… server CPU each (µs)", &|row| format!("{:.1}", row.echo.cpu_us));
    line("… p50 / p99 (ms)", &|row| format!("{:.2} / {:.2}", row.echo.p50_ms, row.echo.p99_ms));
    line("deliveries/s to 1 000 sockets", &|row| format!("{:.0}", row.full.per_s));
    line("… server CPU each (µs)", &|row| format!("{:.2}", row.full.cpu_us));
    line("… p99 (ms)", &|row| format!("{:.1}", row.full.p99_ms));
    line("10 broadcasts/s to 1 000 sockets: CPU each (µs)", &|row| {
        format!("{:.2}", row.paced.cpu_us)
    });
    line("… p50 / p99 (ms)", &|row| format!("{:.1} / {:.1}", row.paced.p50_ms, row.paced.p99_ms));
    text.push('\n');
    text.replacen("| |\n", "", 1)
}
