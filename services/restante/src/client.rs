//! The files of the web client: which one answers for which path, and what is said of it.

/// Every file by its name below `web/out`; none if the client was not built before this program.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/client.rs"));

/// Paths of the services; nothing below them is a page.
const SERVICES: [&str; 8] =
    ["/api", "/socket.io", "/health", "/metrics", "/dev", "/.well-known", "/docs", "/openapi.json"];

/// Pages that answer for every path below them.
const DEEP: [&str; 2] = ["c", "settings"];

/// What a page may load and do: nothing from elsewhere, nothing inline, no markup from text.
pub(crate) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
     font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types nextjs nextjs#bundler default";

/// A file of the client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct File {
    name: &'static str,
    /// What is in it.
    pub(crate) content: &'static [u8],
}

/// What answers for a path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    /// The file.
    pub(crate) file: File,
    /// Whether it is the one that was asked for; else it is the page that says so.
    pub(crate) is_there: bool,
}

/// Whether the client was built before this program.
pub(crate) fn is_there() -> bool {
    file("index.html").is_some()
}

/// Whether the path is the client's and no service's.
pub(crate) fn answers_for(path: &str) -> bool {
    let below = |service: &&str| {
        let rest = path.strip_prefix(*service);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    !SERVICES.iter().any(below)
}

/// The file that answers for the path.
pub(crate) fn find(path: &str) -> Found {
    let path = path.trim_start_matches('/');
    let page = path.split('/').next().unwrap_or_default();
    let name = match path {
        "" => "index.html".to_owned(),
        _ if DEEP.contains(&page) && ending(path) != "txt" => format!("{page}.html"),
        _ if path.rsplit('/').next().is_some_and(|last| last.contains('.')) => path.to_owned(),
        _ => format!("{path}.html"),
    };
    match file(&name) {
        Some(file) => Found { file, is_there: true },
        None => Found {
            file: file("404.html").unwrap_or(File { name: "404.html", content: b"" }),
            is_there: false,
        },
    }
}

fn ending(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or_default()
}

fn file(name: &str) -> Option<File> {
    let at = FILES.binary_search_by(|(other, _)| (*other).cmp(name)).ok()?;
    let (name, content) = FILES.get(at)?;
    Some(File { name, content })
}

impl File {
    /// Its media type.
    pub(crate) fn kind(&self) -> &'static str {
        match ending(self.name) {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "json" => "application/json",
            "webmanifest" => "application/manifest+json",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "ico" => "image/x-icon",
            "woff2" => "font/woff2",
            "txt" => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        }
    }

    /// How long it may be kept: what bears the hash of its content in its name, for good.
    pub(crate) fn caching(&self) -> &'static str {
        if self.name.starts_with("_next/static/") {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        }
    }

    /// Whether it is a page, and not something that a page loads.
    pub(crate) fn is_page(&self) -> bool {
        ending(self.name) == "html"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_keep_their_paths() {
        for path in [
            "/api/v1/users/me",
            "/api",
            "/socket.io/",
            "/health/ready",
            "/docs/",
            "/openapi.json",
            "/metrics",
        ] {
            assert!(!answers_for(path), "{path}");
        }
        for path in ["/", "/c/1", "/documents", "/apis", "/login", "/_next/static/a.js"] {
            assert!(answers_for(path), "{path}");
        }
    }

    #[test]
    fn a_page_answers_for_what_is_below_it() {
        if !is_there() {
            return; // built without the client; the browser tests run with it
        }
        for (path, name) in [
            ("/", "index.html"),
            ("/login", "login.html"),
            ("/c", "c.html"),
            ("/c/0190/7", "c.html"),
            ("/settings/devices", "settings.html"),
            ("/sw.js", "sw.js"),
        ] {
            let found = find(path);
            assert_eq!((found.file.name, found.is_there), (name, true), "{path}");
        }
        for path in ["/nothing", "/../Cargo.toml", "/_next/static/none.js"] {
            let found = find(path);
            assert_eq!((found.file.name, found.is_there), ("404.html", false), "{path}");
        }
    }
}
