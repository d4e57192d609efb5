"use client";
import { useLiveQuery } from "dexie-react-hooks";
import { useCallback, useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { NoConversation, Waiting } from "@/features/conversation/NoConversation";
import { ListPane } from "@/features/conversations/ListPane";
import { neighbour } from "@/features/conversations/neighbour";
import { useNotifications } from "@/features/notifications/useNotifications";
import { useTitle } from "@/features/notifications/useTitle";
import { ConnectionBanner } from "@/features/session/ConnectionBanner";
import { onThisMachine } from "@/features/shortcuts/table";
import { focusRegion, useShortcuts } from "@/features/shortcuts/useShortcuts";
import { early } from "@/lib/early";
import { go, placeOf } from "@/lib/nav";
import { conversationList, me as readMe } from "@/store/queries";
import { cx } from "@/ui/cx";
import { fetchInIdleTime, later } from "@/ui/later";
import { Splash } from "./Gate";
import { takeTarget } from "./target";
import { usePlace } from "./usePlace";

const ConversationPane = later(
  () => import("@/features/conversation/ConversationPane").then((module) => module.ConversationPane),
  <Waiting />,
);
const NewConversation = later(() => import("@/features/people/NewConversation").then((module) => module.NewConversation));
const Switcher = later(() => import("@/features/conversations/Switcher").then((module) => module.Switcher));
const ShortcutHelp = later(() => import("@/features/shortcuts/ShortcutHelp").then((module) => module.ShortcutHelp));
const SettingsView = later(() => import("@/features/settings/SettingsView").then((module) => module.SettingsView), <Splash />);

// Who comes by a link to a conversation needs it at once.
if (typeof location !== "undefined" && placeOf(location.pathname).conversationId) ConversationPane.fetch().catch(() => {});

const account = early(() => readMe());

type Overlay = "new" | "switcher" | "help" | null;

/** The client as a whole, for who is logged in: list and conversation, or the settings. Which, the address says. */
export function Client() {
  const app = useTranslations("app");
  const { path, place, open, settings, back } = usePlace();
  const [overlay, setOverlay] = useState<Overlay>(null);
  const close = useCallback(() => setOverlay(null), []);
  const search = useRef<HTMLInputElement>(null);
  const [before] = useState(account);
  const me = useLiveQuery(() => readMe(), [], before)?.userId;
  const openId = place.conversationId;
  const inSettings = path.startsWith("/settings");
  useEffect(() => {
    const target = takeTarget();
    if (target) go(target, { replace: true });
  }, []);
  useEffect(() => fetchInIdleTime([ConversationPane, NewConversation, Switcher, ShortcutHelp, SettingsView]), []);
  useNotifications(open);
  useTitle();
  useShortcuts({
    switcher: () => setOverlay("switcher"),
    newConversation: () => setOverlay("new"),
    help: () => setOverlay("help"),
    search: () => {
      const button = document.querySelector<HTMLElement>("[data-search-here]");
      if (button) button.click();
      else search.current?.focus();
    },
    next: () => void step(1, false, openId, open),
    previous: () => void step(-1, false, openId, open),
    nextUnread: () => void step(1, true, openId, open),
    previousUnread: () => void step(-1, true, openId, open),
    nextRegion: () => focusRegion(1),
    previousRegion: () => focusRegion(-1),
  });

  if (!me) return null;
  if (inSettings) return <SettingsView path={path} onPage={settings} onBack={back} />;
  return (
    <main className="flex h-dvh flex-col overflow-hidden bg-surface">
      <h1 className="sr-only">{app("name")}</h1>
      <button
        type="button"
        className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:m-2 focus:rounded-lg focus:bg-accent focus:px-4 focus:py-2 focus:text-on-accent"
        onClick={() => document.getElementById("main")?.focus()}
      >
        {app("skip")}
      </button>
      <ConnectionBanner />
      <div className="flex min-h-0 grow">
        <div
          className={cx("w-full shrink-0 border-e border-line bg-surface md:flex md:w-[21.5rem] xl:w-[24rem]", openId ? "hidden" : "flex")}
        >
          <ListPane
            me={me}
            openId={openId}
            search={search}
            onOpen={open}
            onNew={() => setOverlay("new")}
            onSettings={() => settings()}
            onHelp={() => setOverlay("help")}
          />
        </div>
        <div id="main" tabIndex={-1} className={cx("min-w-0 grow outline-none md:flex", openId ? "flex" : "hidden", !openId && "paper")}>
          {openId ? (
            <ConversationPane id={openId} seq={place.seq} onBack={() => back("/c")} onOpen={open} />
          ) : (
            <NoConversation keys={onThisMachine("Ctrl+K")} />
          )}
        </div>
      </div>
      {overlay === "new" && <NewConversation onClose={close} onOpen={open} />}
      {overlay === "switcher" && <Switcher onClose={close} onOpen={open} />}
      {overlay === "help" && <ShortcutHelp onClose={close} />}
    </main>
  );
}

async function step(by: 1 | -1, unreadOnly: boolean, openId: string | null, open: (id: string) => void): Promise<void> {
  const all = await conversationList();
  const ids = all.filter((one) => !unreadOnly || one.unread > 0 || one.markedUnread || one.id === openId).map((one) => one.id);
  const to = neighbour(ids, openId, by);
  if (to && to !== openId) open(to);
}
