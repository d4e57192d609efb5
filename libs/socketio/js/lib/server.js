// @ts-check
// The example servers of this crate, as processes of their own for each file of tests.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const top = fileURLToPath(new URL('../../../../', import.meta.url));
const target = path.resolve(top, process.env.CARGO_TARGET_DIR ?? 'target');

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Starts the server and waits until it answers. `conformance` has short heartbeats, `echo` the usual ones.
 *
 * @param {'conformance' | 'echo'} [name]
 * @returns {Promise<{ http: string, ws: string, stop: () => void }>}
 */
export async function start(name = 'conformance') {
  const port = await freePort();
  const program = path.join(target, 'debug/examples', name);
  const child = spawn(program, [`127.0.0.1:${port}`], { env: { ...process.env, PORT: String(port) }, stdio: ['ignore', 'ignore', 'inherit'] });
  let ended = '';
  child.on('error', (error) => (ended = `${program}: ${error.message}`));
  child.on('exit', (code) => (ended ||= `${program} ended with ${code}`));
  const http = `http://127.0.0.1:${port}`;
  const until = Date.now() + 10_000;
  for (;;) {
    const up = await fetch(`${http}/socket.io/`).then(() => true, () => false);
    if (up) break;
    if (ended || Date.now() > until) throw new Error(ended || `${program} does not answer`);
    await new Promise((done) => setImmediate(done));
  }
  return { http, ws: `ws://127.0.0.1:${port}`, stop: () => child.kill() };
}
