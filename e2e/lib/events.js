// @ts-check
// What a socket has heard, in order.

import { until } from './wait.js';

export class Heard {
  /** @param {import('socket.io-client').Socket} socket */
  constructor(socket) {
    /** @type {{ event: string, payload: any }[]} */
    this.all = [];
    socket.onAny((event, payload) => this.all.push({ event, payload }));
  }

  /**
   * Everything heard under that name so far.
   *
   * @param {string} event
   * @returns {any[]}
   */
  of(event) {
    return this.all.filter((one) => one.event === event).map((one) => one.payload);
  }

  /**
   * The first such event that fits, now or when it comes.
   *
   * @param {string} event
   * @param {(payload: any) => boolean} fits
   * @param {number} [within]
   * @returns {Promise<any>}
   */
  async first(event, fits = () => true, within = 20_000) {
    return until(`the event ${event}`, () => this.of(event).find(fits), { within });
  }
}

/**
 * Asks over the socket and returns the acknowledgement.
 *
 * @param {import('socket.io-client').Socket} socket
 * @param {string} event
 * @param {unknown} payload
 * @returns {Promise<any>}
 */
export async function ask(socket, event, payload) {
  return socket.timeout(20_000).emitWithAck(event, payload);
}
