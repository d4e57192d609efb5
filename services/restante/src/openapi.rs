//! The description of the whole API, checked in as `docs/openapi.json`.

use runtime::Parts;

/// The title, here and where it is served.
pub(crate) const TITLE: &str = "Restante";

/// The description as it is checked in.
pub(crate) fn text() -> Result<String, serde_json::Error> {
    let part = |document| Parts { openapi: Some(document), ..Parts::default() };
    let parts = [part(restante_user::openapi()), part(restante_chat::openapi())];
    Ok(serde_json::to_string_pretty(&web::openapi(TITLE, &parts))? + "\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_checked_in_description_is_what_the_code_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
        let checked_in = std::fs::read_to_string(path).unwrap();
        assert!(
            checked_in == super::text().unwrap(),
            "docs/openapi.json is out of date; run: cargo run -p restante -- openapi > docs/openapi.json"
        );
    }
}
