/** Access tokens. All tabs share one pair, and only one of them refreshes at a time: two would end each other's session. */
import { ActionError } from "@/lib/errors";
import { readMeta, type Store, type Tokens, writeMeta } from "@/store/db";
import type { components } from "./api.d";
import { request } from "./http";
import { withLock } from "./locks";

/** Refreshed so long before the end, in milliseconds. */
const ahead = 60_000;

/** A token that is good for a while; another one than `not`, which the server did not take. */
export async function accessToken(db: Store, { not, now = Date.now }: { not?: string; now?: () => number } = {}): Promise<string> {
  const good = (tokens: Tokens) => tokens.access !== not && tokens.expiresAt - ahead > now();
  const stored = await tokensOf(db);
  if (good(stored)) return stored.access;
  return withLock("restante-token", async () => {
    // Another tab may have done it meanwhile.
    const current = await tokensOf(db);
    return good(current) ? current.access : refresh(db, current, now);
  });
}

async function tokensOf(db: Store): Promise<Tokens> {
  const tokens = await readMeta(db, "tokens");
  if (!tokens) throw new ActionError("UNAUTHORIZED", "nobody is logged in");
  return tokens;
}

async function refresh(db: Store, old: Tokens, now: () => number): Promise<string> {
  try {
    const body = { refreshToken: old.refresh };
    const answer = await request({ method: "POST", path: "/api/v1/auth/refresh", body });
    const tokens = toTokens(answer as components["schemas"]["RefreshAnswer"], now());
    await replace(db, old, tokens);
    return tokens.access;
  } catch (error) {
    if (error instanceof ActionError && error.code === "UNAUTHORIZED") await replace(db, old, null);
    throw error;
  }
}

/** Unless somebody has logged in or out meanwhile. */
async function replace(db: Store, old: Tokens, tokens: Tokens | null): Promise<void> {
  await db.transaction("rw", db.meta, async () => {
    const current = await readMeta(db, "tokens");
    if (current?.refresh !== old.refresh) return;
    if (tokens) await writeMeta(db, "tokens", tokens);
    else await db.meta.delete("tokens");
  });
}

type Given = { accessToken: string; refreshToken: string; expiresIn: number };

export function toTokens({ accessToken, refreshToken, expiresIn }: Given, now: number): Tokens {
  return { access: accessToken, refresh: refreshToken, expiresAt: now + expiresIn * 1_000 };
}
