// @ts-check
// Clients that say exactly what a test wants said.

import { WebSocket } from 'ws';

/**
 * The next event of that kind. Only from here on is it listened for: what came before is missed, as by a client that
 * attaches its listeners late.
 *
 * @param {WebSocket} socket
 * @param {'open' | 'message' | 'close'} kind
 * @returns {Promise<any>}
 */
export function next(socket, kind) {
  return new Promise((done) => socket.addEventListener(kind, /** @type {any} */ (done), { once: true }));
}

/**
 * The next messages, without pings.
 *
 * @param {WebSocket} socket
 * @param {number} count
 * @returns {Promise<any[]>}
 */
export function messages(socket, count) {
  return new Promise((done) => {
    /** @type {any[]} */
    const heard = [];
    /** @param {any} event */
    const listen = ({ data }) => {
      if (data === '2') return;
      heard.push(data);
      if (heard.length < count) return;
      socket.removeEventListener('message', listen);
      done(heard);
    };
    socket.addEventListener('message', listen);
  });
}

/**
 * Every message from the beginning, and what it waits for.
 *
 * @param {string} url
 */
export function connect(url) {
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  return socket;
}

/** One session of long polling. */
export class Poller {
  /** @param {string} url */
  constructor(url) {
    this.url = url;
  }

  /** @param {string} base */
  static async open(base) {
    const body = await (await fetch(`${base}/?EIO=4&transport=polling`)).text();
    const { sid } = JSON.parse(body.slice(1));
    return new Poller(`${base}/?EIO=4&transport=polling&sid=${sid}`);
  }

  /** The websocket for the same session. */
  get websocket() {
    return this.url.replace('http', 'ws').replace('polling', 'websocket');
  }

  /** @param {RequestInit} [options] */
  get(options) {
    return fetch(this.url, options);
  }

  /** @param {string} body */
  post(body) {
    return fetch(this.url, { method: 'POST', body });
  }
}
