/** Settings, devices, log-ins. */
import { call } from "@/net/api";
import type { components } from "@/net/api.d";
import type { Settings, Store } from "../db";
import { readMeta, theStore, writeMeta } from "../db";

export type DeviceView = { id: string; name: string; platform: string; lastSeenAt: string; current: boolean };
export type SessionView = { id: string; deviceId: string; createdAt: string; lastUsedAt: string; expiresAt: string; current: boolean };

export async function loadSettings(db: Store = theStore()): Promise<Settings> {
  const settings = await call(db, "get", "/api/v1/users/me/settings");
  await writeMeta(db, "settings", settings);
  return settings;
}

export async function saveSettings(change: Partial<Settings>, db: Store = theStore()): Promise<void> {
  const body = change as components["schemas"]["PreferencesPatch"];
  await writeMeta(db, "settings", await call(db, "patch", "/api/v1/users/me/settings", { body }));
}

export async function loadDevices(db: Store = theStore()): Promise<DeviceView[]> {
  const account = await readMeta(db, "account");
  const { data } = await call(db, "get", "/api/v1/devices");
  return data.map((device) => ({ ...device, current: device.id === account?.deviceId }));
}

/** It is logged out, and nothing waits for it any more. */
export async function forgetDevice(id: string, db: Store = theStore()): Promise<void> {
  await call(db, "delete", "/api/v1/devices/{id}", { path: { id } });
}

export async function loadSessions(db: Store = theStore()): Promise<SessionView[]> {
  return (await call(db, "get", "/api/v1/auth/sessions")).data;
}

export async function endSession(id: string, db: Store = theStore()): Promise<void> {
  await call(db, "delete", "/api/v1/auth/sessions/{id}", { path: { id } });
}
