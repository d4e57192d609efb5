// @ts-check
// Restante itself, started as its operators start it: `xtask stack` brings up one process or all the separate ones.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Mailbox } from './mail.js';

const run = promisify(execFile);
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const TARGET = resolve(ROOT, process.env.CARGO_TARGET_DIR ?? 'target');

/** `single`: everything in one process. `split`: gateway, user, two chats, mail. */
export const SHAPE = process.env.SHAPE ?? 'single';
assert.ok(SHAPE === 'single' || SHAPE === 'split', `SHAPE is single or split, not ${SHAPE}`);
const BUILD = process.env.RESTANTE_BIN ?? 'debug';
assert.ok(BUILD === 'debug' || BUILD === 'release', `RESTANTE_BIN is debug or release, not ${BUILD}`);

// What would hinder a test that writes faster than a person. Tests of the limits set their own.
const RAISED = {
  RESTANTE_USER__LOGIN__SENDS_PER_MINUTE: '100000',
  RESTANTE_USER__LOGIN__SENDS_PER_HOUR: '100000',
  RESTANTE_USER__LOGIN__SENDS_PER_DAY: '100000',
  RESTANTE_USER__LOGIN__SENDS_PER_HOUR_PER_NETWORK: '100000',
  RESTANTE_USER__LOGIN__TRIES_PER_DAY: '100000',
  RESTANTE_USER__LIMITS__SEARCHES_PER_MINUTE: '100000',
  RESTANTE_USER__LIMITS__CHANGES_PER_MINUTE: '100000',
  RESTANTE_CHAT__LIMITS__SENDS_PER_SECOND: '100000',
  RESTANTE_CHAT__LIMITS__SENDS_BURST: '100000',
  RESTANTE_CHAT__LIMITS__CHANGES_PER_MINUTE: '100000',
};

/**
 * @typedef {{ pid: number, log: string, health: string }} Process
 * @typedef {{ base: string, instances: string[], mail: string, store: import('./store.js').StoreAddress,
 *   processes: Record<string, Process> }} State
 */

export class Stack {
  /** @param {string} dir */
  constructor(dir) {
    this.dir = dir;
    /** @type {State} */
    this.state = /** @type {any} */ (undefined);
    /** @type {Mailbox} */
    this.mail = /** @type {any} */ (undefined);
  }

  /**
   * Starts everything and waits until it is ready.
   *
   * @param {Record<string, string>} [settings] environment of all processes
   */
  static async up(settings = {}) {
    const stack = new Stack(await mkdtemp(join(tmpdir(), 'restante-e2e-')));
    const sets = Object.entries({ ...RAISED, ...settings }).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
    const build = BUILD === 'release' ? ['--release'] : [];
    try {
      await stack.xtask('up', '--shape', SHAPE, ...build, ...sets);
      await stack.read();
    } catch (error) {
      await stack.xtask('down').catch(() => undefined);
      throw error;
    }
    stack.mail = new Mailbox(stack.state.mail);
    return stack;
  }

  async read() {
    this.state = JSON.parse(await readFile(join(this.dir, 'stack.json'), 'utf8'));
  }

  /** Where clients go that do not care which instance they meet. */
  get base() {
    return this.state.base;
  }

  /**
   * Where chat instance number `n` answers, counted round: with one instance every number is that one.
   *
   * @param {number} n
   */
  instance(n) {
    return this.state.instances[n % this.state.instances.length];
  }

  /** Names of the product's own processes, without the gateway. */
  get services() {
    return Object.keys(this.state.processes).filter((name) => !name.includes('nginx') && !name.includes('gateway'));
  }

  /**
   * The one process whose name ends like that, such as `mail`; in one process it is always that one.
   *
   * @param {string} role
   */
  process(role) {
    const names = this.services;
    if (SHAPE === 'single') return names[0];
    const found = names.filter((name) => name.endsWith(role));
    assert.equal(found.length, 1, `${role} among ${names}`);
    return found[0];
  }

  /**
   * Ends it as a power cut would.
   *
   * @param {string} name
   */
  async kill(name) {
    await this.xtask('kill', name);
  }

  /**
   * Starts a killed one again, and waits until it is ready.
   *
   * @param {string} name
   */
  async start(name) {
    await this.xtask('start', name);
    await this.read();
  }

  /** What all processes have logged so far, by name. */
  async logs() {
    /** @type {Record<string, string>} */
    const logs = {};
    for (const name of this.services) logs[name] = await readFile(this.state.processes[name].log, 'utf8');
    return logs;
  }

  /** Fails if a process has panicked at any time. */
  async assertNoPanic() {
    for (const [name, log] of Object.entries(await this.logs())) {
      const line = log.split('\n').find((text) => text.includes('panicked'));
      assert.equal(line, undefined, `${name} panicked`);
    }
  }

  /** Fails unless every process that was started still runs. */
  assertAlive() {
    for (const name of this.services) {
      const { pid } = this.state.processes[name];
      assert.doesNotThrow(() => process.kill(pid, 0), `${name} (pid ${pid}) is gone`);
    }
  }

  /** Ends everything. The folder stays if `E2E_KEEP` is set. */
  async down() {
    try {
      await this.assertNoPanic();
    } finally {
      await this.xtask('down');
      if (process.env.E2E_KEEP) console.error(`kept ${this.dir}`);
      else await rm(this.dir, { recursive: true, force: true });
    }
  }

  /**
   * @param {string} verb
   * @param {string[]} args
   */
  async xtask(verb, ...args) {
    const program = join(TARGET, BUILD, 'xtask');
    try {
      await run(program, ['stack', verb, '--dir', this.dir, ...args], { timeout: 120_000, cwd: ROOT });
    } catch (error) {
      const { stdout = '', stderr = '' } = /** @type {any} */ (error);
      throw new Error(`xtask stack ${verb} ${args[0] ?? ''}: ${error}\n${stdout}\n${stderr}`);
    }
  }
}

/**
 * A stack for all tests of a file, up before the first and down after the last.
 *
 * @param {Record<string, string>} [settings]
 * @returns {() => Stack}
 */
export function stackForThisFile(settings) {
  /** @type {Stack | undefined} */
  let stack;
  before(async () => {
    stack = await Stack.up(settings);
  });
  after(async () => {
    await stack?.down();
  });
  return () => {
    assert.ok(stack, 'the stack did not start');
    return stack;
  };
}
