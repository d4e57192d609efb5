// Serves `web/out` as the product does (which page for which path, caching, the content security policy) and passes on what
// belongs to the API. For trying and testing; the product itself has this in the binary.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import http from "node:http";
import net from "node:net";
import path from "node:path";

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
};

export const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  // `default` is public/trusted.js, for parts of the client that are loaded later.
  "trusted-types nextjs nextjs#bundler default",
].join("; ");

const passedOn = ["/api", "/socket.io", "/health", "/metrics", "/dev", "/.well-known", "/docs", "/openapi.json"];

/** The file for a path; pages of the client answer for every path below them. */
export function fileFor(pathname) {
  if (pathname === "/") return "index.html";
  for (const page of ["c", "settings"]) {
    if (pathname.endsWith(".txt")) break;
    if (pathname === `/${page}` || pathname.startsWith(`/${page}/`)) return `${page}.html`;
  }
  if (!path.extname(pathname)) return `${pathname.slice(1)}.html`;
  return pathname.slice(1);
}

export async function serveStatic({ root, backend, port = 0 }) {
  const target = new URL(backend);
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://here");
    const toServer = () => pass(request, response, target);
    if (passedOn.some((prefix) => pathname === prefix || pathname.startsWith(`${prefix}/`))) return toServer();
    if (request.method !== "GET" && request.method !== "HEAD") return toServer();
    const wantsPage = String(request.headers.accept).includes("text/html");
    answer(root, pathname, response, wantsPage ? null : toServer).catch(() => response.destroy());
  });
  server.on("upgrade", (request, socket, head) => tunnel(request, socket, head, target));
  await new Promise((ready) => server.listen(port, "127.0.0.1", ready));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((closed) => server.close(closed));
    },
  };
}

/** What is not there is said with a page, or by `otherwise`. */
async function answer(root, pathname, response, otherwise) {
  const wanted = path.join(root, path.normalize(decodeURIComponent(fileFor(pathname))));
  const inside = wanted.startsWith(root + path.sep) && (await isFile(wanted));
  if (!inside && otherwise) return otherwise();
  const file = inside ? wanted : path.join(root, "404.html");
  const extension = path.extname(file);
  response.writeHead(inside ? 200 : 404, {
    "content-type": types[extension] ?? "application/octet-stream",
    "cache-control": inside && pathname.startsWith("/_next/static/") ? "public, max-age=31536000, immutable" : "no-cache",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    ...(extension === ".html" ? { "content-security-policy": policy } : {}),
  });
  createReadStream(file).pipe(response);
}

async function isFile(file) {
  return stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}

function pass(request, response, target) {
  const onward = http.request(
    { host: target.hostname, port: target.port, method: request.method, path: request.url, headers: request.headers },
    (answered) => {
      response.writeHead(answered.statusCode, answered.headers);
      answered.pipe(response);
    },
  );
  onward.on("error", () => {
    // As a gateway does when nobody answers behind it.
    if (!response.headersSent) response.writeHead(502);
    response.end();
  });
  request.pipe(onward);
}

function tunnel(request, socket, head, target) {
  const onward = net.connect(Number(target.port), target.hostname, () => {
    const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`);
    onward.write(`${request.method} ${request.url} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n`);
    onward.write(head);
    onward.pipe(socket);
    socket.pipe(onward);
  });
  onward.on("error", () => socket.destroy());
  onward.on("close", () => socket.destroy());
  socket.on("error", () => onward.destroy());
  socket.on("close", () => onward.destroy());
}
