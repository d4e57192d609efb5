import { useEffect, useRef } from "react";
import { useTranslations } from "use-intl";
import { useNames } from "@/features/people/names";
import { usePreferences } from "@/features/settings/preferences";
import { placeOf } from "@/lib/nav";
import { onArrival } from "@/net/session";
import { announce } from "@/ui/Announcer";
import { type Arrived, newsOf } from "./news";

/** Messages that come together are told of together. */
const gatherMs = 600;

/** Says that something came: read out in the page, and, if that is wanted and nobody looks, as a notice of the system. */
export function useNotifications(open: (conversationId: string) => void): void {
  const t = useTranslations();
  const names = useNames();
  const gathered = useRef<Arrived[]>([]);
  const tell = useRef<() => Promise<void>>(undefined);
  tell.current = async () => {
    const news = await newsOf(gathered.current.splice(0));
    const last = news.at(-1);
    if (!last) return;
    const count = news.reduce((sum, one) => sum + one.count, 0);
    announce(t("conversation.announce", { count, name: names.ofPerson(last.sender) }));
    const { preview } = usePreferences.getState();
    for (const { conversation, message, sender } of news) {
      if (seen(conversation.id)) continue;
      const name = names.ofPerson(sender);
      const title = conversation.kind === "direct" ? name : t("notify.group", { name, group: names.ofConversation(conversation) });
      notify({ title, body: preview ? message.text : t("notify.hidden"), tag: conversation.id, onClick: () => open(conversation.id) });
    }
  };

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = onArrival((arrival) => {
      gathered.current.push(arrival);
      timer ??= setTimeout(() => {
        timer = undefined;
        void tell.current?.();
      }, gatherMs);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, []);
}

function seen(conversationId: string): boolean {
  return document.visibilityState === "visible" && document.hasFocus() && placeOf(location.pathname).conversationId === conversationId;
}

type Notice = { title: string; body: string; tag: string; onClick: () => void };

/** One notice for each conversation: a later one takes the place of the one before. */
function notify({ title, body, tag, onClick }: Notice): void {
  if (!usePreferences.getState().notify || !("Notification" in window) || Notification.permission !== "granted") return;
  try {
    const notice = new Notification(title, { body: body.slice(0, 200), tag, icon: "/icons/icon-192.png" });
    notice.onclick = () => {
      window.focus();
      onClick();
      notice.close();
    };
  } catch {
    // Chrome on Android has the constructor and forbids it: there only a service worker may.
    void navigator.serviceWorker?.ready.then((worker) =>
      worker.showNotification(title, { body: body.slice(0, 200), tag, icon: "/icons/icon-192.png" }),
    );
  }
}
