/** What the tabs look at, together: which conversations are on screen, and whose presence is shown. */
import type { ClientEvent, ClientEvents } from "./events";

/** People whose presence the server tells at the same time. */
const mostWatched = 200;

type Say = <E extends ClientEvent>(event: E, payload: ClientEvents[E][0]) => void;
export type Look = { shows: string | null; watches: readonly string[] };

export class Attention {
  private readonly looks = new Map<string, Look>();
  private open = new Set<string>();
  private watched = "";

  constructor(private readonly say: Say) {}

  /** What a tab looks at now; null: it is closed. */
  of(tab: string, look: Look | null): void {
    if (look) this.looks.set(tab, look);
    else this.looks.delete(tab);
    this.tell();
  }

  /** A new connection knows nothing of it. */
  again(): void {
    this.open = new Set();
    this.watched = "";
    this.tell();
  }

  private tell(): void {
    const all = [...this.looks.values()];
    const open = new Set(all.map((look) => look.shows).filter((id) => id !== null));
    for (const conversationId of open) if (!this.open.has(conversationId)) this.say("conversation:open", { conversationId });
    for (const conversationId of this.open) if (!open.has(conversationId)) this.say("conversation:close", { conversationId });
    this.open = open;
    const userIds = [...new Set(all.flatMap((look) => look.watches))].sort().slice(0, mostWatched);
    if (userIds.join() !== this.watched) this.say("presence:watch", { userIds });
    this.watched = userIds.join();
  }
}
