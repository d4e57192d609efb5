import { useCallback } from "react";
import { useTranslations } from "use-intl";
import type { MessageView } from "@/store/queries";

/** What happened, as a sentence. */
export function useSystemText(nameOf: (userId: string) => string): (message: MessageView) => string {
  const t = useTranslations("message");
  const role = useTranslations("group");
  return useCallback(
    ({ notice, senderId }) => {
      if (!notice) return t("unknown");
      if (notice.what === "changed") {
        return notice.title ? t("renamed", { name: nameOf(senderId), title: notice.title }) : t("changed");
      }
      const name = nameOf(notice.userId);
      if (notice.what === "role") return t("role", { name, role: role(notice.role) });
      const by = notice.by && notice.by !== notice.userId ? nameOf(notice.by) : null;
      if (notice.what === "joined") return by ? t("added", { by, name }) : t("joined", { name });
      if (notice.what === "removed" && by) return t("removedBy", { by, name });
      return t("left", { name });
    },
    [t, role, nameOf],
  );
}
