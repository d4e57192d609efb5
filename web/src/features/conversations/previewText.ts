import { useCallback } from "react";
import { useTranslations } from "use-intl";
import { useNames } from "@/features/people/names";
import type { ConversationItem } from "@/store/queries";
import type { PreviewLine } from "./ConversationRow";

/** The second line of a conversation in the list: who types, what is being written, or what was said last. */
export function usePreviewOf(typing: ReadonlySet<string>, me: string, openId: string | null): (item: ConversationItem) => PreviewLine {
  const t = useTranslations("list");
  const app = useTranslations("app");
  const names = useNames();
  return useCallback(
    (item) => {
      if (typing.has(item.id)) return { kind: "typing", text: t("typing") };
      // What is in the box is seen there.
      if (item.draft?.trim() && item.id !== openId) return { kind: "draft", text: oneLine(item.draft) };
      const last = item.preview;
      if (!last) return { kind: "text", text: t("noMessages") };
      if (last.deleted) return { kind: "text", text: t("deleted") };
      if (last.forgotten) return { kind: "text", text: t("gone") };
      const text = oneLine(last.text);
      const group = item.kind !== "direct" && item.kind !== "self";
      if (!group) return { kind: "text", text };
      const name = last.senderId === me ? app("you") : names.ofPerson(item.previewSender);
      return { kind: "text", text: `${name}: ${text}` };
    },
    [typing, me, openId, t, app, names],
  );
}

export function oneLine(text: string): string {
  return text.replace(/\s+/gu, " ").trim();
}
