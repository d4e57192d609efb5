import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Store, readMeta, writeMeta } from "@/store/db";
import { freshStore } from "@/testing/stores";
import { logOut, verifyCode } from "./account";
import { call } from "./api";
import { accessToken } from "./token";

const json = (status: number, body: unknown) => new Response(status === 204 ? null : JSON.stringify(body), { status });
const refusal = (code: string) => ({ error: { code, message: code, details: [{ field: "otp", message: "wrong" }] } });

let server: (path: string, init: RequestInit) => Response | Promise<Response>;
const asked: string[] = [];

beforeEach(() => {
  asked.length = 0;
  vi.stubGlobal("location", new URL("http://restante.test"));
  vi.stubGlobal("fetch", async (url: URL, init: RequestInit) => {
    asked.push(`${init.method} ${url.pathname}`);
    await new Promise((later) => setTimeout(later, 5));
    return server(url.pathname + url.search, init);
  });
});

afterEach(() => vi.unstubAllGlobals());

async function loggedIn(expiresAt = Date.now() + 900_000): Promise<Store> {
  const db = await freshStore();
  await writeMeta(db, "tokens", { access: "a1", refresh: "r1", expiresAt });
  return db;
}

/** Gives new tokens for the last refresh token, and for no other. */
function rotating() {
  let last = 1;
  server = (path, init) => {
    if (path !== "/api/v1/auth/refresh") return json(401, refusal("UNAUTHORIZED"));
    if (JSON.parse(String(init.body)).refreshToken !== `r${last}`) return json(401, refusal("UNAUTHORIZED"));
    last += 1;
    return json(200, { accessToken: `a${last}`, refreshToken: `r${last}`, expiresIn: 900 });
  };
}

describe("tokens", () => {
  it("are refreshed once, whoever asks, and the new ones are stored before they are used", async () => {
    rotating();
    const db = await loggedIn(Date.now());
    const tokens = await Promise.all(Array.from({ length: 10 }, () => accessToken(db)));
    expect(new Set(tokens)).toEqual(new Set(["a2"]));
    expect(asked).toEqual(["POST /api/v1/auth/refresh"]);
    expect(await readMeta(db, "tokens")).toMatchObject({ access: "a2", refresh: "r2" });
  });

  it("are refreshed when the server does not take one that looks good", async () => {
    rotating();
    const db = await loggedIn();
    expect(await accessToken(db)).toBe("a1");
    expect(await accessToken(db, { not: "a1" })).toBe("a2");
    expect(await accessToken(db, { not: "a1" })).toBe("a2");
    expect(asked.length).toBe(1);
  });

  it("go when the server ends the session; everything else stays", async () => {
    server = () => json(401, refusal("UNAUTHORIZED"));
    const db = await loggedIn(0);
    await expect(accessToken(db)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    expect(await readMeta(db, "tokens")).toBeUndefined();
    expect(await readMeta(db, "account")).toMatchObject({ userId: "me" });
  });

  it("stay when nobody answers", async () => {
    const db = await loggedIn(0);
    server = () => json(502, "bad gateway");
    await expect(accessToken(db)).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    server = () => Promise.reject(new TypeError("no network"));
    await expect(accessToken(db)).rejects.toMatchObject({ code: "OFFLINE" });
    expect(await readMeta(db, "tokens")).toMatchObject({ refresh: "r1" });
  });

  it("do not come back when the person logs out meanwhile", async () => {
    const db = await loggedIn(0);
    server = async () => {
      await db.meta.clear();
      return json(200, { accessToken: "a2", refreshToken: "r2", expiresIn: 900 });
    };
    await accessToken(db);
    expect(await readMeta(db, "tokens")).toBeUndefined();
  });
});

describe("calls", () => {
  it("fill in the path, and try once more with a fresh token", async () => {
    const db = await loggedIn();
    const given: string[] = [];
    server = (path, init) => {
      if (path === "/api/v1/auth/refresh") return json(200, { accessToken: "a2", refreshToken: "r2", expiresIn: 900 });
      given.push(`${path} ${new Headers(init.headers).get("authorization")}`);
      return given.length === 1 ? json(401, refusal("UNAUTHORIZED")) : json(200, { data: [], nextCursor: null });
    };
    await call(db, "get", "/api/v1/conversations/{id}/members", { path: { id: "a/b" }, query: { limit: 5 } });
    expect(given).toEqual([
      "/api/v1/conversations/a%2Fb/members?limit=5 Bearer a1",
      "/api/v1/conversations/a%2Fb/members?limit=5 Bearer a2",
    ]);
  });
});

describe("logging in", () => {
  const verified = (userId: string, deviceId: string) => ({
    accessToken: "a",
    refreshToken: "r",
    expiresIn: 900,
    deviceToken: "d",
    isNewUser: false,
    user: { id: userId, createdAt: "2026-11-27T08:00:00.000Z" },
    device: { id: deviceId, name: "x", platform: "web", lastSeenAt: "2026-11-27T08:00:00.000Z" },
  });

  it("keeps the history of the same person, and wipes another's", async () => {
    const db = await freshStore();
    await writeMeta(db, "synced", true);
    await db.drafts.put({ conversationId: "c", text: "mine", replyTo: null, editing: null, updatedAt: "" });
    server = (_, init) => json(200, verified("me", JSON.parse(String(init.body)).device.id));
    await verifyCode(db, { challenge: "x" }, "123456");
    expect([await db.drafts.count(), await readMeta(db, "synced")]).toEqual([1, true]);
    server = () => json(200, verified("me", "another device"));
    await verifyCode(db, { challenge: "x" }, "123456");
    expect([await db.drafts.count(), await readMeta(db, "synced")]).toEqual([1, undefined]);
    server = () => json(200, verified("somebody", "device-2"));
    await verifyCode(db, { challenge: "x" }, "123456");
    expect(await db.drafts.count()).toBe(0);
    expect(await readMeta(db, "account")).toMatchObject({ userId: "somebody", deviceId: "device-2" });
  });

  it("says which field is wrong", async () => {
    server = () => json(401, refusal("UNAUTHORIZED"));
    await expect(verifyCode(await freshStore(), { challenge: "x" }, "1")).rejects.toMatchObject({ code: "UNAUTHORIZED", field: "otp" });
  });

  it("leaves nothing behind at log-out, whether anybody answers or not", async () => {
    const db = await loggedIn();
    await db.searches.add({ query: "secret" });
    server = () => Promise.reject(new TypeError("no network"));
    await logOut(db);
    for (const table of db.tables) expect(await table.count()).toBe(0);
  });
});
