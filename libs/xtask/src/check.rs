use std::process::ExitCode;

use anyhow::Result;

use crate::imports;

/// Prints every breach of the rules in this checkout.
pub(crate) fn run() -> Result<ExitCode> {
    let report = imports::check(&testkit::workspace())?;
    for breach in &report.breaches {
        println!("{breach}");
    }
    if report.breaches.is_empty() {
        println!("imports: {} files keep the rules", report.files);
        return Ok(ExitCode::SUCCESS);
    }
    println!("imports: {} breaches in {} files", report.breaches.len(), report.files);
    Ok(ExitCode::FAILURE)
}
