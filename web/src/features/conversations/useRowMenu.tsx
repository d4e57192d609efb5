import { Archive, ArchiveRestore, Bell, BellOff, EyeOff, Mail, MailOpen, Pin, PinOff } from "lucide-react";
import { useCallback } from "react";
import { useTranslations } from "use-intl";
import { markRead, markUnread, setSwitches } from "@/store/actions";
import type { ConversationItem } from "@/store/queries";
import type { MenuItem } from "@/ui/Menu";

/** What can be done with a conversation without opening it. */
export function useRowMenu(): (item: ConversationItem) => MenuItem[] {
  const t = useTranslations("list");
  return useCallback(
    (item) => {
      const set = (change: Parameters<typeof setSwitches>[1]) => () => void setSwitches(item.id, change);
      const unread = item.unread > 0 || item.markedUnread;
      const items: (MenuItem | false)[] = [
        {
          id: "pin",
          label: item.pinned ? t("unpin") : t("pin"),
          icon: item.pinned ? <PinOff /> : <Pin />,
          onSelect: set({ pinned: !item.pinned }),
        },
        item.kind !== "self" && {
          id: "read",
          label: unread ? t("markRead") : t("markUnread"),
          icon: unread ? <MailOpen /> : <Mail />,
          onSelect: () => void (unread ? markRead(item.id) : markUnread(item.id)),
        },
        item.kind !== "self" && {
          id: "mute",
          label: item.muted ? t("unmute") : t("mute"),
          icon: item.muted ? <Bell /> : <BellOff />,
          onSelect: set({ muted: !item.muted }),
        },
        {
          id: "archive",
          label: item.archived ? t("unarchive") : t("archive"),
          icon: item.archived ? <ArchiveRestore /> : <Archive />,
          onSelect: set({ archived: !item.archived }),
        },
        { id: "hide", label: t("hide"), icon: <EyeOff />, onSelect: set({ hidden: true }) },
      ];
      return items.filter((one): one is MenuItem => one !== false);
    },
    [t],
  );
}
