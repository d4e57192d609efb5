// The service worker. Five rules: what a build consists of is fetched whole before it is used; a page is answered from it, so
// that the client opens without a connection; hashed files are kept; the API and the socket are never touched; a new version
// waits until the page says "go".
const version = "__VERSION__";
const files = ["__FILES__"];
const shell = `restante-shell-${version}`;
const extras = "restante-extras";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(shell).then((cache) => cache.addAll(files.map((file) => new Request(file, { cache: "no-cache" })))));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      const names = await caches.keys();
      await Promise.all(names.filter((name) => name.startsWith("restante-shell-") && name !== shell).map((name) => caches.delete(name)));
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("message", (event) => {
  if (event.data === "go") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin || untouched.test(url.pathname)) return;
  if (request.mode === "navigate") event.respondWith(page(request, url.pathname));
  else if (url.pathname.startsWith("/_next/static/") || kept.test(url.pathname)) event.respondWith(cached(request));
});

const untouched = /^\/(api|socket\.io|health|metrics|docs|dev|\.well-known|openapi\.json)(\/|$)/u;
const kept = /^\/(emoji|icons)\/|\.(svg|webmanifest|js)$/u;

async function page(request, path) {
  const known = await caches.open(shell);
  const found = await known.match(shellOf(path));
  if (found) return found;
  return fetch(request);
}

/** Every address below these is the same page. */
function shellOf(path) {
  for (const page of ["/c", "/settings"]) if (path === page || path.startsWith(`${page}/`)) return page;
  return path;
}

async function cached(request) {
  const found = await caches.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) {
    const copy = answer.clone();
    // Without room for it the page works all the same.
    caches
      .open(extras)
      .then((cache) => cache.put(request, copy))
      .catch(() => {});
  }
  return answer;
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const target = new URL(event.notification.data?.path ?? "/c", self.location.origin);
  event.waitUntil(
    (async () => {
      const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
      const first = open.find((client) => new URL(client.url).pathname.startsWith("/c"));
      if (!first) return self.clients.openWindow(target.href);
      await first.focus();
      first.postMessage({ open: target.pathname });
    })(),
  );
});
