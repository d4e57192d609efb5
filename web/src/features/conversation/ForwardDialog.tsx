import { useLiveQuery } from "dexie-react-hooks";
import { Check, SearchX } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { kindOf } from "@/features/conversations/ConversationRow";
import { useNames } from "@/features/people/names";
import { forwardMessage } from "@/store/actions";
import { type MessageView, searchConversations } from "@/store/queries";
import { Avatar } from "@/ui/Avatar";
import { Button } from "@/ui/Button";
import { cx } from "@/ui/cx";
import { Dialog } from "@/ui/Dialog";
import { Empty } from "@/ui/Notice";
import { OneLine } from "@/ui/OneLine";
import { SearchField } from "@/ui/SearchField";
import { toast } from "@/ui/Toast";

const shown = 50;

/** Sends a copy of a message to several conversations at once. */
export function ForwardDialog({ message, onClose }: { message: MessageView; onClose: () => void }) {
  const t = useTranslations("forward");
  const app = useTranslations("app");
  const list = useTranslations("list");
  const names = useNames();
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const found = useLiveQuery(() => searchConversations(query, shown), [query]);
  const send = async () => {
    onClose();
    await forwardMessage(message.conversationId, message.id, chosen);
    toast(t("done", { count: chosen.length }));
  };
  return (
    <Dialog
      tall
      title={t("title")}
      closeLabel={app("close")}
      onClose={onClose}
      actions={
        <Button disabled={chosen.length === 0} onClick={send}>
          {t("send")}
        </Button>
      }
    >
      <SearchField label={list("search")} clearLabel={app("clear")} value={query} onValue={setQuery} className="mb-2" />
      <ul className="-mx-2">
        {(found ?? [])
          .filter((one) => !one.left)
          .map((one) => {
            const name = names.ofConversation(one);
            const on = chosen.includes(one.id);
            return (
              <li key={one.id}>
                <label
                  className={cx(
                    "flex min-h-14 cursor-pointer items-center gap-3 rounded-xl px-2 hover:bg-hover has-focus-visible:ring-2 has-focus-visible:ring-focus",
                    on && "bg-accent-soft",
                  )}
                >
                  <input
                    type="checkbox"
                    className="sr-only"
                    checked={on}
                    onChange={() => setChosen(on ? chosen.filter((id) => id !== one.id) : [...chosen, one.id])}
                  />
                  <Avatar id={one.person?.id ?? one.id} name={name} kind={kindOf(one.kind)} size="sm" />
                  <OneLine text={name} className="grow" />
                  {on && <Check aria-hidden="true" className="size-5 text-accent-text" />}
                </label>
              </li>
            );
          })}
      </ul>
      {found?.length === 0 && <Empty icon={<SearchX />} title={list("none", { query: query.trim() })} />}
    </Dialog>
  );
}
