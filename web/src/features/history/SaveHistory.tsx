import { Braces, FileText } from "lucide-react";
import { useCallback, useRef, useState } from "react";
import { useTimeZone, useTranslations } from "use-intl";
import { useNames } from "@/features/people/names";
import { stateOf } from "@/features/timeline/state";
import { useSystemText } from "@/features/timeline/systemText";
import { type ConversationView, everybody, type MessageView, type PersonView, wholeHistory } from "@/store/queries";
import { ActionLine } from "@/ui/ActionLine";
import { toast } from "@/ui/Toast";
import { useWhen } from "@/ui/when";
import { asJson, asText, fileName } from "./write";

type Props = { conversation: ConversationView; me: string };

/** Saves what this device has of a conversation as a file. */
export function SaveHistory({ conversation, me }: Props) {
  const t = useTranslations("export");
  const save = useSave({ conversation, me });
  return (
    <div className="-mx-2">
      <ActionLine icon={<FileText />} label={t("text")} busy={save.busy} onClick={save.text} />
      <ActionLine icon={<Braces />} label={t("json")} busy={save.busy} onClick={save.json} />
    </div>
  );
}

function useSave({ conversation, me }: Props) {
  const t = useTranslations("export");
  const app = useTranslations("app");
  const message = useTranslations("message");
  const names = useNames();
  const timeZone = useTimeZone();
  const { full } = useWhen();
  const [busy, setBusy] = useState(false);
  /** Also those who have left: read when it is saved. */
  const known = useRef<ReadonlyMap<string, PersonView>>(new Map());
  const nameOf = useCallback((id: string) => (id === me ? app("you") : names.ofPerson(known.current.get(id))), [me, app, names]);
  const systemText = useSystemText(nameOf, me);
  const name = names.ofConversation(conversation);

  const attempt = async (ending: "txt" | "json", type: string, write: (now: string) => AsyncIterable<string>) => {
    setBusy(true);
    const now = new Date().toISOString();
    try {
      known.current = await everybody();
      const parts: string[] = [];
      for await (const part of write(now)) parts.push(part);
      download(new Blob(parts, { type }), fileName(name, now.slice(0, 10), ending));
    } catch {
      toast(t("failed"));
    }
    setBusy(false);
  };
  const insteadOf = (one: MessageView) => {
    if (one.type !== "message") return systemText(one);
    const state = stateOf(one);
    return state === "there" ? null : message(state);
  };
  const words = (now: string) => ({
    heading: t("heading", { name, when: full(now) }),
    nameOf,
    insteadOf,
    reply: (who: string, excerpt: string) => t("reply", { name: who, excerpt }),
    edited: message("edited"),
    reactions: (list: string) => t("reactions", { list }),
    timeZone,
  });
  return {
    busy,
    text: () => void attempt("txt", "text/plain;charset=utf-8", (now) => asText(wholeHistory(conversation.id), words(now))),
    json: () =>
      void attempt("json", "application/json", (now) =>
        asJson(wholeHistory(conversation.id), { conversation, people: known.current, savedAt: now }),
      ),
  };
}

function download(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // The browser has taken it by then, or never will.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
