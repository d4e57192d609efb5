import { useMemo } from "react";
import { useTranslations } from "use-intl";
import type { MessageActions } from "@/features/timeline/actions";
import { rememberEmoji } from "@/features/emoji/recent";
import { pathOf } from "@/lib/nav";
import { discardSend, react, retrySend } from "@/store/actions";
import type { MessageView } from "@/store/queries";
import { toast } from "@/ui/Toast";

type Hands = {
  reply: (message: MessageView) => void;
  edit: (message: MessageView) => void;
  goTo: (messageId: string) => void;
  open: (dialog: { kind: "delete" | "forward" | "reaction"; message: MessageView }) => void;
};

/** What a message's buttons do. */
export function useMessageActions({ reply, edit, goTo, open }: Hands): MessageActions {
  const t = useTranslations("message");
  return useMemo(
    () => ({
      reply,
      edit,
      goTo,
      react: (message, emoji, on) => {
        if (on) rememberEmoji(emoji);
        void react(message.conversationId, message.id, emoji, on);
      },
      pickReaction: (message) => open({ kind: "reaction", message }),
      remove: (message) => open({ kind: "delete", message }),
      forward: (message) => open({ kind: "forward", message }),
      copyText: (message) => void copy(message.text, t("textCopied")),
      copyLink: (message) => {
        if (message.seq !== null) void copy(new URL(pathOf(message.conversationId, message.seq), location.href).href, t("linkCopied"));
      },
      retry: (message) => void retrySend(message.id),
      discard: (message) => void discardSend(message.id),
    }),
    [reply, edit, goTo, open, t],
  );
}

async function copy(text: string, said: string): Promise<void> {
  await navigator.clipboard.writeText(text);
  toast(said);
}
