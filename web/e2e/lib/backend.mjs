// The real server, in a folder of its own, that tests may kill and start again on the same port and data.
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { until } from "./until.mjs";

// What would hinder a test that acts faster than a person.
export const raised = {
  RESTANTE_USER__LOGIN__SENDS_PER_MINUTE: "1000",
  RESTANTE_USER__LOGIN__SENDS_PER_HOUR: "1000",
  RESTANTE_USER__LOGIN__SENDS_PER_DAY: "1000",
  RESTANTE_USER__LOGIN__SENDS_PER_HOUR_PER_NETWORK: "1000",
  RESTANTE_USER__LIMITS__SEARCHES_PER_MINUTE: "1000",
  RESTANTE_USER__LIMITS__CHANGES_PER_MINUTE: "1000",
  RESTANTE_CHAT__LIMITS__SENDS_PER_SECOND: "1000",
  RESTANTE_CHAT__LIMITS__SENDS_BURST: "1000",
  RESTANTE_CHAT__LIMITS__CHANGES_PER_MINUTE: "1000",
};

export class Backend {
  constructor(binary, data, port) {
    this.binary = binary;
    this.data = data;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.seen = new Set();
  }

  static async start(binary) {
    const data = await mkdtemp(path.join(tmpdir(), "restante-web-"));
    const backend = new Backend(binary, data, await freePort());
    await backend.up();
    return backend;
  }

  async up() {
    const env = { ...process.env, ...raised, RESTANTE_TELEMETRY__FILTER: "warn" };
    const args = ["serve", "--listen", `127.0.0.1:${this.port}`, "--data", this.data];
    this.process = spawn(this.binary, args, { env, stdio: ["ignore", "ignore", "inherit"] });
    await until("the server is ready", async () => {
      if (this.process.exitCode !== null) throw new Error(`the server ended with ${this.process.exitCode}`);
      return fetch(`${this.url}/health/ready`).then(
        (answer) => answer.ok,
        () => false,
      );
    });
  }

  async end(signal) {
    const { process: running } = this;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((done) => running.once("exit", done));
    running.kill(signal);
    await ended;
  }

  kill() {
    return this.end("SIGKILL");
  }

  async stop() {
    await this.end("SIGTERM");
    await rm(this.data, { recursive: true, force: true });
  }

  code(address) {
    return codeIn(path.join(this.data, "mail"), address, this.seen);
  }
}

/** The code in a mail to that address that was not asked for yet. */
export function codeIn(folder, address, seen) {
  return until(`a code for ${address}`, async () => {
    for (const name of (await readdir(folder).catch(() => [])).sort()) {
      if (!name.endsWith(".eml") || seen.has(name)) continue;
      const mail = await readFile(path.join(folder, name), "latin1");
      if (!new RegExp(`^to:.*${address.replaceAll(".", "\\.")}`, "im").test(mail)) continue;
      seen.add(name);
      return /^(\d{6})\r?$/m.exec(mail)?.[1];
    }
    return undefined;
  });
}

export function freePort() {
  return new Promise((found, failed) => {
    const probe = net.createServer();
    probe.once("error", failed);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => found(port));
    });
  });
}
