import { newId } from "@/lib/ids";
import { type NewMessage, sendMessage } from "@/store/actions";
import { messageById } from "@/store/queries";
import type { Sending } from "./left";

/** The messages of a box that the store has not confirmed. */
export class Departures {
  private readonly all = new Map<string, Sending>();

  constructor(private readonly conversationId: string) {}

  get sending(): Sending[] {
    return [...this.all.values()];
  }

  async send(message: NewMessage, id = newId()): Promise<void> {
    this.all.set(id, { ...message, id });
    try {
      await sendMessage(this.conversationId, { ...message, id });
    } finally {
      this.all.delete(id);
    }
  }

  /** Those which the store did take are not sent again. */
  async resume(left: readonly Sending[]): Promise<void> {
    for (const message of left) this.all.set(message.id, message);
    for (const { id, ...message } of left) {
      if ((await messageById(this.conversationId, id)) === null) await this.send(message, id);
      else this.all.delete(id);
    }
  }
}
