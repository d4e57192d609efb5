import { useLiveQuery } from "dexie-react-hooks";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { useNames } from "@/features/people/names";
import { searchConversations } from "@/store/queries";
import { Avatar } from "@/ui/Avatar";
import { cx } from "@/ui/cx";
import { Dialog } from "@/ui/Dialog";
import { OneLine } from "@/ui/OneLine";
import { kindOf } from "./ConversationRow";

const shown = 8;

/** Ctrl+K: to any conversation by a few letters, without a hand on the mouse. */
export function Switcher({ onClose, onOpen }: { onClose: () => void; onOpen: (id: string) => void }) {
  const t = useTranslations("nav");
  const app = useTranslations("app");
  const list = useTranslations("list");
  const names = useNames();
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const found = useLiveQuery(() => searchConversations(query.trim(), shown), [query]) ?? [];
  const marked = Math.min(at, found.length - 1);
  useEffect(() => field.current?.focus(), []);

  const open = (conversationId: string | undefined) => {
    if (!conversationId) return;
    onClose();
    onOpen(conversationId);
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "ArrowDown") setAt((marked + 1) % Math.max(1, found.length));
    else if (event.key === "ArrowUp") setAt((marked - 1 + found.length) % Math.max(1, found.length));
    else if (event.key === "Enter") open(found[marked]?.id);
    else return;
    event.preventDefault();
  };

  return (
    <Dialog title={t("switcher")} closeLabel={app("close")} onClose={onClose}>
      <input
        ref={field}
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={found[marked] ? `${id}-${marked}` : undefined}
        aria-label={t("switcher")}
        placeholder={list("search")}
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setAt(0);
        }}
        onKeyDown={pressed}
        className="mb-2 h-11 w-full rounded-xl bg-well px-4 text-base placeholder:text-muted"
      />
      <div id={`${id}-list`} role="listbox" aria-label={list("conversations")} className="-mx-2 min-h-64">
        {found.map((one, index) => {
          const name = names.ofConversation(one);
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the field above takes the keys
            <div
              key={one.id}
              id={`${id}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === marked}
              onClick={() => open(one.id)}
              onMouseEnter={() => setAt(index)}
              className={cx("flex h-13 cursor-pointer items-center gap-3 rounded-xl px-2", index === marked && "bg-hover")}
            >
              <Avatar id={one.person?.id ?? one.id} name={name} kind={kindOf(one.kind)} size="sm" />
              <OneLine text={name} className="grow" />
              {one.unread > 0 && (
                <span className="rounded-full bg-accent px-2 text-xs leading-5 font-semibold text-on-accent">{one.unread}</span>
              )}
            </div>
          );
        })}
        {found.length === 0 && query.trim() && (
          <p className="px-2 py-6 text-center text-sm text-muted">{list("none", { query: query.trim() })}</p>
        )}
      </div>
    </Dialog>
  );
}
