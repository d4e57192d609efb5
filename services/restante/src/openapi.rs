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
    use std::collections::BTreeSet;

    use serde_json::Value;

    /// Generators of clients make them names of functions.
    #[test]
    fn every_operation_has_an_id_of_its_own() {
        let document: Value = serde_json::from_str(&super::text().unwrap()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let operations = paths.iter().flat_map(|(path, methods)| {
            methods.as_object().unwrap().iter().map(move |(method, operation)| {
                (format!("{method} {path}"), operation["operationId"].as_str())
            })
        });
        let mut ids = BTreeSet::new();
        for (operation, id) in operations {
            let id = id.unwrap_or_else(|| panic!("{operation} has no id"));
            let plain = id.starts_with(|first: char| first.is_ascii_lowercase())
                && id.chars().all(|letter| letter.is_ascii_alphanumeric());
            assert!(plain, "{operation}: {id} is not in camel case");
            assert!(ids.insert(id.to_owned()), "{operation}: {id} is another's");
        }
        assert!(ids.len() > 40, "{ids:?}");
    }

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
