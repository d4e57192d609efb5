/** Asks again until the answer is truthy; what it waited for stands in the error. */
export async function until(what, ask, { within = 15_000, every = 50 } = {}) {
  const end = Date.now() + within;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited ${within} ms for: ${what}`);
    await new Promise((again) => setTimeout(again, every));
  }
}
