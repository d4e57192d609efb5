// @ts-check
// Connections below the official client, to send what it never would.

import { once } from 'node:events';
import { connect } from 'node:net';
// @ts-ignore the package comes without types
import WebSocket from 'ws';
import { soon } from './wait.js';

/** A websocket that has done the handshakes of both protocols, unless told not to. */
export class RawSocket {
  /** @param {string} base */
  constructor(base) {
    const url = new URL('/socket.io/?EIO=4&transport=websocket', base);
    url.protocol = 'ws:';
    this.ws = new WebSocket(url);
    /** @type {string[]} */
    this.received = [];
    /** @type {Promise<number>} the code with which the other side closed */
    this.closed = new Promise((resolve) => this.ws.on('close', resolve));
    this.ws.on('error', () => undefined);
    this.ws.on('message', (/** @type {Buffer} */ data) => {
      const text = data.toString();
      if (text === '2') this.ws.send('3');
      else this.received.push(text);
    });
  }

  /**
   * Connected, and with a token also let into the main namespace.
   *
   * @param {string} base
   * @param {string} [token]
   */
  static async open(base, token) {
    const raw = new RawSocket(base);
    await soon('the Engine.IO handshake', once(raw.ws, 'message'));
    if (token !== undefined) {
      raw.ws.send(`40${JSON.stringify({ token, v: 1 })}`);
      await raw.hears((text) => text.startsWith('42["ready"'));
    }
    return raw;
  }

  /** @param {(text: string) => boolean} fits */
  async hears(fits) {
    await soon('a packet', new Promise((resolve, reject) => {
      const look = () => this.received.some(fits) && resolve(undefined);
      this.ws.on('message', look);
      this.ws.on('close', (/** @type {number} */ code) => reject(new Error(`closed with ${code}`)));
      look();
    }));
  }

  /** @param {string | Buffer} data a buffer is sent as text, whatever its bytes */
  send(data) {
    this.ws.send(data, { binary: false });
  }

  /** Goes away without a closing frame. */
  vanish() {
    this.ws.terminate();
  }
}

/**
 * Writes bytes to the port of `base` and goes away without waiting for an answer.
 *
 * @param {string} base
 * @param {string | Buffer} bytes
 */
export async function writeAndVanish(base, bytes) {
  const { hostname, port } = new URL(base);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await soon('the connection', once(socket, 'connect'));
  await new Promise((resolve) => socket.write(bytes, resolve));
  socket.destroy();
}
