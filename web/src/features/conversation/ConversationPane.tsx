import { useLiveQuery } from "dexie-react-hooks";
import { MessageCircleOff } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { firstStretch, type Stretch } from "@/features/timeline/useSlice";
import { early } from "@/lib/early";
import { placeOf } from "@/lib/nav";
import { showsConversation } from "@/net/session";
import { type MessageSlice, opening } from "@/store/queries";
import { Button } from "@/ui/Button";
import { Empty } from "@/ui/Notice";
import { Waiting } from "./NoConversation";
import { OpenConversation } from "./OpenConversation";
import { openingOf, type Start } from "./openingOf";

type Props = { id: string; seq: number | null; onBack: () => void; onOpen: (id: string, seq?: number) => void };

/** Where a conversation was opened, and what stands there. */
export type Opened = { id: string; start: Start; first: { stretch: Stretch; slice: MessageSlice } };
type Kept = { current: Opened | null };

/** Who comes by a link to a conversation. */
const linked = early(async () => {
  const { conversationId, seq } = placeOf(location.pathname);
  const opened: Kept = { current: null };
  return { opened, found: conversationId === null ? undefined : await look(conversationId, seq, opened) };
});

/** The conversation that the address names, once it is known whether there is one. */
export function ConversationPane({ id, seq, onBack, onOpen }: Props) {
  const t = useTranslations("conversation");
  const nav = useTranslations("nav");
  const [before] = useState(linked);
  const opened = useRef<Opened | null>(before?.opened.current ?? null);
  const found = useLiveQuery(() => look(id, seq, opened), [id], before?.found);

  useEffect(() => {
    showsConversation(id);
    return () => showsConversation(null);
  }, [id]);

  if (found?.id === id && found.conversation && found.account && opened.current?.id === id) {
    return (
      <OpenConversation
        key={id}
        conversation={found.conversation}
        opened={opened.current}
        me={found.account.userId}
        seq={seq}
        onBack={onBack}
        onOpen={onOpen}
      />
    );
  }
  if (found?.id === id && found.synced && !found.conversation) {
    return (
      <div className="paper flex grow">
        <Empty icon={<MessageCircleOff />} title={t("missing")}>
          <p className="mb-4">{t("missingHint")}</p>
          <Button kind="outline" onClick={onBack}>
            {nav("conversations")}
          </Button>
        </Empty>
      </div>
    );
  }
  return <Waiting />;
}

/** With its messages when it is opened; what becomes of those is then looked after where they are shown. */
async function look(id: string, seq: number | null, opened: Kept) {
  if (opened.current?.id === id) return { id, ...(await opening(id, null)) };
  let start: Start | null = null;
  const { first, ...found } = await opening(id, (conversation) => {
    start = openingOf(conversation, seq);
    return firstStretch(start.around);
  });
  if (first && start) opened.current = { id, start, first };
  return { id, ...found };
}
