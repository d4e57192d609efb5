// The product as separate services behind its gateway, on real servers, in the place of `backend.mjs`: built before, with
// `cargo build --workspace`, and brought up by `xtask stack`. The gateway hands out `web/out`.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { codeIn, raised } from "./backend.mjs";

const run = promisify(execFile);

export class Split {
  constructor(root, folder) {
    this.root = root;
    this.folder = folder;
    this.seen = new Set();
  }

  static async start(root) {
    const split = new Split(root, await mkdtemp(path.join(tmpdir(), "restante-web-split-")));
    const settings = Object.entries(raised).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
    try {
      await split.xtask("up", "--shape", "split", ...settings);
    } catch (error) {
      await split.stop().catch(() => {});
      throw error;
    }
    const state = JSON.parse(await readFile(path.join(split.folder, "stack.json"), "utf8"));
    split.url = state.base;
    split.mail = state.mail;
    split.chats = Object.keys(state.processes).filter((name) => name.includes("chat"));
    return split;
  }

  /** Both chats, as by a power cut. */
  async kill() {
    for (const name of this.chats) await this.xtask("kill", name);
  }

  async up() {
    for (const name of this.chats) await this.xtask("start", name);
  }

  async stop() {
    await this.xtask("down");
    await rm(this.folder, { recursive: true, force: true });
  }

  code(address) {
    return codeIn(this.mail, address, this.seen);
  }

  async xtask(verb, ...rest) {
    const program = path.join(process.env.CARGO_TARGET_DIR ?? path.join(this.root, "target"), "debug/xtask");
    await run(program, ["stack", verb, "--dir", this.folder, ...rest], { timeout: 120_000, cwd: this.root });
  }
}
