/** Logging in and out. */
import { type Account, readMeta, type Store, writeMeta } from "@/store/db";
import type { components } from "./api.d";
import { leaveTrace, wipeTrace } from "@/lib/trace";
import { request } from "./http";
import { withLock } from "./locks";
import { toTokens } from "./token";

export type Challenge = { challenge: string; email: string; expiresAt: number; resendAt: number };

export async function requestCode(db: Store, email: string, now = Date.now()): Promise<Challenge> {
  const deviceToken = (await readMeta(db, "account"))?.deviceToken;
  const body = { email, ...(deviceToken ? { deviceToken } : {}) };
  const answer = await request({ method: "POST", path: "/api/v1/auth/login", body });
  const { challenge, expiresIn, resendIn } = answer as components["schemas"]["LoginAnswer"];
  return { challenge, email, expiresAt: now + expiresIn * 1_000, resendAt: now + resendIn * 1_000 };
}

export async function verifyCode(db: Store, { challenge }: Pick<Challenge, "challenge">, otp: string): Promise<{ isNewUser: boolean }> {
  const before = await readMeta(db, "account");
  const device = { name: deviceName(globalThis.navigator?.userAgent ?? ""), platform: "web", ...(before ? { id: before.deviceId } : {}) };
  const answer = await request({ method: "POST", path: "/api/v1/auth/verify", body: { challenge, otp, device } });
  const given = answer as components["schemas"]["VerifyAnswer"];
  const tokens = toTokens(given, Date.now());
  await withLock("restante-token", async () => {
    if (before && before.userId !== given.user.id) await wipe(db);
    await db.transaction("rw", db.meta, async () => {
      await writeMeta(db, "account", toAccount(given));
      await writeMeta(db, "tokens", tokens);
      // To the server it may be another device than before: then it asks anew for everything there is.
      if (before?.deviceId !== given.device.id) await db.meta.delete("synced");
    });
  });
  leaveTrace();
  // What is here may be the only copy. The browser may say no, and asks nobody in some of them.
  void globalThis.navigator?.storage?.persist?.().catch(() => false);
  return { isNewUser: given.isNewUser };
}

/** Ends the session, if the server answers, and leaves nothing here either way. */
export async function logOut(db: Store): Promise<void> {
  const tokens = await readMeta(db, "tokens");
  wipeTrace();
  if (tokens) await request({ method: "POST", path: "/api/v1/auth/logout", token: tokens.access }).catch(() => {});
  await withLock("restante-token", () => wipe(db));
}

/** Takes everything out, in one go, so that no tab sees half of it. */
export async function wipe(db: Store): Promise<void> {
  await db.transaction("rw", db.tables, async () => {
    await Promise.all(db.tables.map((table) => table.clear()));
  });
  const kept = await globalThis.caches?.keys().catch(() => []);
  await Promise.all((kept ?? []).filter((name) => name.startsWith("restante-media")).map((name) => globalThis.caches.delete(name)));
}

function toAccount({ user, device, deviceToken }: components["schemas"]["VerifyAnswer"]): Account {
  return {
    userId: user.id,
    deviceId: device.id,
    deviceToken,
    name: user.name ?? null,
    username: user.username ?? null,
    bio: user.bio ?? null,
    avatarUrl: user.avatarUrl ?? null,
    createdAt: user.createdAt,
  };
}

/** "Firefox on Linux", for the person's own list of devices. */
export function deviceName(agent: string): string {
  const of = (known: [RegExp, string][], other: string) => known.find(([pattern]) => pattern.test(agent))?.[1] ?? other;
  const browser = of(
    [
      [/Edg\//u, "Edge"],
      [/OPR\//u, "Opera"],
      [/Firefox\//u, "Firefox"],
      [/Chrome\//u, "Chrome"],
      [/Safari\//u, "Safari"],
    ],
    "Browser",
  );
  const system = of(
    [
      [/iPhone|iPad/u, "iOS"],
      [/Android/u, "Android"],
      [/Windows/u, "Windows"],
      [/Mac OS X/u, "macOS"],
      [/Linux/u, "Linux"],
    ],
    "",
  );
  return system ? `${browser} on ${system}` : browser;
}
