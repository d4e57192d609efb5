// @ts-check
// Waiting for something to become true: always for a condition, never for a time to have passed.

/**
 * Asks again and again until the answer is truthy, and returns that answer.
 *
 * @template T
 * @param {string} what what is waited for; part of the error when it does not come
 * @param {() => T | Promise<T>} ask called every `every` ms; an exception counts as "not yet"
 * @param {{ within?: number, every?: number }} [limits] in milliseconds
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(what, ask, { within = 20_000, every = 20 } = {}) {
  const deadline = Date.now() + within;
  /** @type {unknown} */
  let last;
  for (;;) {
    try {
      const answer = await ask();
      if (answer) return /** @type {NonNullable<T>} */ (answer);
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) {
      throw new Error(`not within ${within} ms: ${what}`, { cause: last });
    }
    await new Promise((next) => setTimeout(next, every));
  }
}

/**
 * The value of the promise, or an error naming what did not come in time.
 *
 * @template T
 * @param {string} what
 * @param {Promise<T>} promise
 * @param {number} [within] in milliseconds
 * @returns {Promise<T>}
 */
export async function soon(what, promise, within = 20_000) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`not within ${within} ms: ${what}`)), within);
  });
  try {
    return /** @type {T} */ (await Promise.race([promise, late]));
  } finally {
    clearTimeout(timer);
  }
}
