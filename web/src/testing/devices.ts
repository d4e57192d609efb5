import type { Store } from "@/store/db";
import type { Arrived } from "@/store/ingest";
import { Device, type DeviceDeps, type Phase } from "@/net/device";

/** A device that is quick, and that notes what it tells. */
export function quickDevice(db: Store, connect: DeviceDeps["connect"], change: Partial<DeviceDeps> = {}) {
  const phases: Phase[] = [];
  const arrived: Arrived = [];
  const troubles: string[] = [];
  const device = new Device({
    db,
    connect,
    token: async () => "token",
    set: async () => {},
    async *list() {
      yield [];
    },
    random: () => 0,
    timing: { ackEvery: 2, firstWait: 2, longestWait: 10 },
    phase: (phase) => void phases.push(phase),
    trouble: (trouble) => void (trouble && troubles.push(trouble)),
    arrived: (some) => void arrived.push(...some),
    ...change,
  });
  return { device, phases, arrived, troubles };
}

/** As soon as it does not throw any more. */
export async function soon<T>(look: () => Promise<T> | T, patience = 5_000): Promise<T> {
  const end = Date.now() + patience;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((again) => setTimeout(again, 5));
    }
  }
}
