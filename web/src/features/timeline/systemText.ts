import { useCallback } from "react";
import { useTranslations } from "use-intl";
import type { MessageView } from "@/store/queries";

/** What happened, as a sentence. */
export function useSystemText(nameOf: (userId: string) => string, me: string): (message: MessageView) => string {
  const t = useTranslations("message");
  const role = useTranslations("group");
  return useCallback(
    ({ notice, senderId }) => {
      if (!notice) return t("unknown");
      if (notice.what === "changed") {
        const self = senderId === me ? "by" : "none";
        return notice.title ? t("renamed", { self, name: nameOf(senderId), title: notice.title }) : t("changed");
      }
      // Whom it is about, or who did it: languages have other words where that is oneself.
      const self = notice.userId === me ? "who" : "by" in notice && notice.by === me ? "by" : "none";
      const name = nameOf(notice.userId);
      if (notice.what === "role") return t("role", { self, name, role: role(notice.role) });
      const by = notice.by && notice.by !== notice.userId ? nameOf(notice.by) : null;
      if (notice.what === "joined") return by ? t("added", { self, by, name }) : t("joined", { self, name });
      if (notice.what === "removed" && by) return t("removedBy", { self, by, name });
      return t("left", { self, name });
    },
    [t, role, nameOf, me],
  );
}
