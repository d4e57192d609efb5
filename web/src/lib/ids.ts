/**
 * Makes UUIDs of version 7, each above the one before, also within a millisecond and when the clock was set back: then it
 * counts on, as RFC 9562 §6.2 has it. By its ids the server knows the order of what this device has sent.
 */
export function idMaker(
  now: () => number = () => Date.now(),
  random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array = (bytes) => crypto.getRandomValues(bytes),
): () => string {
  let last = "";
  return () => {
    const fresh = hex(drawn(now(), random));
    last = fresh > last ? fresh : following(last);
    return `${last.slice(0, 8)}-${last.slice(8, 12)}-${last.slice(12, 16)}-${last.slice(16, 20)}-${last.slice(20)}`;
  };
}

/** An id above all that this page made before. */
export const newId = idMaker();

function drawn(now: number, random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array): Uint8Array {
  const bytes = random(new Uint8Array(16));
  for (let i = 0; i < 6; i += 1) bytes[i] = Math.floor(now / 256 ** (5 - i)) % 256;
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return bytes;
}

/** One more, in what was drawn behind the variant; of these 56 bits all are set once in a lifetime of the universe. */
function following(id: string): string {
  const tail = BigInt(`0x${id.slice(18)}`) + 1n;
  return id.slice(0, 18) + tail.toString(16).padStart(14, "0").slice(-14);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
