// nginx before the server, with the files that operators include (web/nginx): the front of the distributed shape.
import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./backend.mjs";
import { until } from "./until.mjs";

const included = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../nginx");

export async function serveByNginx({ root, backend, port }) {
  const folder = await mkdtemp(path.join(tmpdir(), "restante-nginx-"));
  const listen = port || (await freePort());
  await cp(included, path.join(folder, "client"), { recursive: true });
  await mkdir(path.join(folder, "temp"));
  const file = path.join(folder, "nginx.conf");
  await writeFile(file, configuration({ folder, root, backend, port: listen }));
  const running = spawn("nginx", ["-p", folder, "-e", "stderr", "-c", file], { stdio: ["ignore", "inherit", "inherit"] });
  const url = `http://127.0.0.1:${listen}`;
  let failure;
  running.once("error", (error) => {
    failure = error;
  });
  await until("nginx answers", async () => {
    if (failure) throw failure;
    if (running.exitCode !== null) throw new Error(`nginx ended with ${running.exitCode}`);
    return fetch(url).then(
      (answer) => answer.ok,
      () => false,
    );
  });
  return {
    url,
    close: async () => {
      const ended = new Promise((done) => running.once("exit", done));
      if (running.exitCode === null && running.signalCode === null) {
        running.kill("SIGTERM");
        await ended;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function configuration({ folder, root, backend, port }) {
  // Workers of root would become another user, who may not enter the folders.
  const user = process.getuid() === 0 ? "user root;" : "";
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((one) => `${one}_temp_path ${folder}/temp;`).join("\n");
  return `
${user}
daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log stderr error;
events { worker_connections 512; }
http {
  access_log off;
  ${temporary}
  include client/http.conf;
  map $http_upgrade $connection_wish { default upgrade; "" ""; }
  server {
    listen 127.0.0.1:${port};
    root ${root};
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_wish;
    proxy_read_timeout 1h;
    location ^~ /api/ { proxy_pass ${backend}; }
    location ^~ /socket.io/ { proxy_buffering off; proxy_pass ${backend}; }
    location @not_found { default_type application/json; return 404 '{"error":{"code":"NOT_FOUND","message":"there is nothing at this path"}}'; }
    error_page 404 405 =404 @not_found;
    include client/server.conf;
  }
}
`;
}
