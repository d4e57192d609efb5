import { ChevronDown, ChevronUp, X } from "lucide-react";
import { useEffect, useRef } from "react";
import { useTranslations } from "use-intl";
import { rememberSearch } from "@/store/actions";
import { IconButton } from "@/ui/Button";
import { SearchField } from "@/ui/SearchField";
import type { ConversationSearch } from "./useConversationSearch";

/** Below the header: what is looked for, which hit of how many, and the way to the next. */
export function SearchBar({ search, onClose }: { search: ConversationSearch; onClose: () => void }) {
  const t = useTranslations("search");
  const app = useTranslations("app");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const close = () => {
    search.close();
    onClose();
  };
  const count = search.total === 0 ? t("none") : t("position", { n: search.n, total: search.more ? `${search.total}+` : search.total });
  return (
    <search className="flex items-center gap-1 border-b border-line bg-surface px-2 py-1.5 md:px-4">
      <SearchField
        ref={field}
        label={t("here")}
        clearLabel={app("clear")}
        value={search.query}
        onValue={search.setQuery}
        className="grow"
        onKeyDown={(event) => {
          if (event.key === "Escape") return close();
          if (event.key !== "Enter" || event.nativeEvent.isComposing) return;
          event.preventDefault();
          void rememberSearch(search.query);
          search.step(event.shiftKey ? -1 : 1);
        }}
      />
      <span role="status" className="min-w-14 shrink-0 text-center text-xs text-muted tabular-nums">
        {search.query.trim() ? count : ""}
      </span>
      <IconButton small label={t("next")} disabled={search.total < 2} onClick={() => search.step(1)}>
        <ChevronUp aria-hidden="true" className="size-5" />
      </IconButton>
      <IconButton small label={t("previous")} disabled={search.total < 2} onClick={() => search.step(-1)}>
        <ChevronDown aria-hidden="true" className="size-5" />
      </IconButton>
      <IconButton small label={app("close")} onClick={close}>
        <X aria-hidden="true" className="size-5" />
      </IconButton>
    </search>
  );
}
