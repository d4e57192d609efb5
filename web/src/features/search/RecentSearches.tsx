import { useLiveQuery } from "dexie-react-hooks";
import { History } from "lucide-react";
import { useTranslations } from "use-intl";
import { forgetSearches } from "@/store/actions";
import { recentSearches } from "@/store/queries";
import { Button } from "@/ui/Button";
import { OneLine } from "@/ui/OneLine";

/** What was looked for last on this device, to look for again. Nothing, if there is nothing. */
export function RecentSearches({ onPick }: { onPick: (query: string) => void }) {
  const t = useTranslations("search");
  const recent = useLiveQuery(() => recentSearches()) ?? [];
  if (recent.length === 0) return null;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the field keeps the focus while the mouse is here
    <div data-recent-searches className="mb-2 border-b border-line pb-2" onMouseDown={(event) => event.preventDefault()}>
      <div className="flex items-center justify-between ps-4.5 pe-2">
        <h2 className="text-xs font-semibold text-muted">{t("recent")}</h2>
        <Button kind="quiet" className="min-h-9 px-2.5 text-sm" onClick={() => void forgetSearches()}>
          {t("forget")}
        </Button>
      </div>
      <ul className="px-2">
        {recent.map((query) => (
          <li key={query}>
            <button
              type="button"
              onClick={() => onPick(query)}
              className="flex min-h-11 w-full items-center gap-3 rounded-xl px-2.5 text-start hover:bg-hover md:min-h-10"
            >
              <History aria-hidden="true" className="size-4.5 shrink-0 text-muted" />
              <OneLine text={query} />
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
