import { useLiveQuery } from "dexie-react-hooks";
import { MessageCircleOff } from "lucide-react";
import { useEffect } from "react";
import { useTranslations } from "use-intl";
import { showsConversation } from "@/net/session";
import { conversationById, hasSynced, me } from "@/store/queries";
import { Button } from "@/ui/Button";
import { Empty } from "@/ui/Notice";
import { Waiting } from "./NoConversation";
import { OpenConversation } from "./OpenConversation";

type Props = { id: string; seq: number | null; onBack: () => void; onOpen: (id: string, seq?: number) => void };

/** The conversation that the address names, once it is known whether there is one. */
export function ConversationPane({ id, seq, onBack, onOpen }: Props) {
  const t = useTranslations("conversation");
  const nav = useTranslations("nav");
  const found = useLiveQuery(
    async () => ({ id, conversation: await conversationById(id), account: await me(), synced: await hasSynced() }),
    [id],
  );

  useEffect(() => {
    showsConversation(id);
    return () => showsConversation(null);
  }, [id]);

  if (found?.id === id && found.conversation && found.account) {
    return (
      <OpenConversation key={id} conversation={found.conversation} me={found.account.userId} seq={seq} onBack={onBack} onOpen={onOpen} />
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
