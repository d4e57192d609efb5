import { useLiveQuery } from "dexie-react-hooks";
import { Archive, ArrowLeft, Keyboard, Mails, MessagesSquare, PenSquare, Settings } from "lucide-react";
import { type Ref, useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { useNames } from "@/features/people/names";
import { usePresence } from "@/features/people/usePresence";
import { useTypingAnywhere } from "@/features/people/useTyping";
import { pathOf } from "@/lib/nav";
import { markAllRead, rememberSearch } from "@/store/actions";
import { archivedCount, contactsWho, hasSynced } from "@/store/queries";
import { Button, IconButton } from "@/ui/Button";
import { fetchInIdleTime, later } from "@/ui/later";
import { Logo } from "@/ui/Logo";
import { MenuButton } from "@/ui/Menu";
import { Empty } from "@/ui/Notice";
import { SearchField } from "@/ui/SearchField";
import { Spinner } from "@/ui/Spinner";
import { ConversationRow } from "./ConversationRow";
import { usePreviewOf } from "./previewText";
import { useInParts, useItems, usePeopleOf, useProgress } from "./useItems";
import { useRowMenu } from "./useRowMenu";

const SearchResults = later(() => import("@/features/search/SearchResults").then((module) => module.SearchResults));
const RecentSearches = later(() => import("@/features/search/RecentSearches").then((module) => module.RecentSearches));

type Props = {
  me: string;
  openId: string | null;
  search: Ref<HTMLInputElement>;
  onOpen: (id: string, seq?: number) => void;
  onNew: () => void;
  onSettings: () => void;
  onHelp: () => void;
};

/** The left half: search, and the conversations. */
export function ListPane({ me, openId, search, onOpen, onNew, onSettings, onHelp }: Props) {
  const t = useTranslations("list");
  const app = useTranslations("app");
  const nav = useTranslations("nav");
  const contacts = useTranslations("contacts");
  const asking = useLiveQuery(async () => (await contactsWho("incoming")).length) ?? 0;
  const [query, setQuery] = useState("");
  const [archived, setArchived] = useState(false);
  const [searching, setSearching] = useState(false);
  const found = (id: string, seq?: number) => {
    void rememberSearch(query);
    onOpen(id, seq);
  };
  useEffect(() => fetchInIdleTime([SearchResults, RecentSearches]), []);
  return (
    <nav aria-label={nav("conversations")} data-region className="flex min-h-0 min-w-0 grow flex-col">
      <header className="flex h-16 shrink-0 items-center gap-1 ps-4 pe-2">
        {archived ? (
          <IconButton label={t("hideArchived")} className="-ms-2" onClick={() => setArchived(false)}>
            <ArrowLeft aria-hidden="true" className="size-5 rtl:-scale-x-100" />
          </IconButton>
        ) : (
          <Logo className="me-2 size-8" />
        )}
        <h2 className="grow text-xl font-semibold tracking-tight">{archived ? t("archived") : app("name")}</h2>
        <IconButton
          label={asking > 0 ? `${nav("newConversation")}. ${contacts("waiting", { count: asking })}` : nav("newConversation")}
          onClick={onNew}
          className="relative"
        >
          <PenSquare aria-hidden="true" className="size-5" />
          {asking > 0 && (
            <span
              data-asking
              aria-hidden="true"
              className="absolute end-0.5 top-0.5 min-w-4.5 rounded-full bg-accent px-1 text-center text-[0.6875rem] leading-4.5 font-semibold text-on-accent"
            >
              {asking > 99 ? "99+" : asking}
            </span>
          )}
        </IconButton>
        <MenuButton
          label={nav("menu")}
          icon={<Settings aria-hidden="true" className="size-5" />}
          items={[
            { id: "settings", label: nav("settings"), icon: <Settings />, onSelect: onSettings },
            { id: "read", label: t("markAllRead"), icon: <Mails />, onSelect: () => void markAllRead() },
            { id: "archived", label: t("archived"), icon: <Archive />, onSelect: () => setArchived(true) },
            { id: "help", label: nav("shortcuts"), icon: <Keyboard />, onSelect: onHelp },
          ]}
        />
      </header>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: watches where the focus is, and takes nothing */}
      <div
        className="flex min-h-0 grow flex-col"
        onFocus={(event) =>
          setSearching(event.target.matches("input") || (searching && event.target.closest("[data-recent-searches]") !== null))
        }
        onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && setSearching(false)}
      >
        <SearchField
          ref={search}
          label={t("search")}
          clearLabel={app("clear")}
          value={query}
          onValue={setQuery}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.nativeEvent.isComposing) void rememberSearch(query);
            if (event.key !== "Escape") return;
            if (query) setQuery("");
            else event.currentTarget.blur();
          }}
          className="mx-3 mb-2"
        />
        <div className="min-h-0 grow overflow-y-auto overscroll-contain pb-2">
          {searching && !query.trim() && <RecentSearches onPick={setQuery} />}
          {query.trim() ? (
            <SearchResults query={query} me={me} onOpen={found} />
          ) : (
            <Conversations
              key={String(archived)}
              me={me}
              archived={archived}
              openId={openId}
              onOpen={onOpen}
              onNew={onNew}
              onArchive={() => setArchived(true)}
            />
          )}
        </div>
      </div>
    </nav>
  );
}

type ListProps = Pick<Props, "me" | "openId" | "onOpen" | "onNew"> & { archived: boolean; onArchive: () => void };

function Conversations({ me, archived, openId, onOpen, onNew, onArchive }: ListProps) {
  const t = useTranslations("list");
  const names = useNames();
  const items = useItems(archived);
  const synced = useLiveQuery(() => hasSynced());
  const away = useLiveQuery(() => archivedCount()) ?? 0;
  const typing = useTypingAnywhere();
  const presence = usePresence(usePeopleOf(items));
  const progress = useProgress(items, me);
  const atOnce = useInParts(items);
  const previewOf = usePreviewOf(typing, me, openId);
  const menuOf = useRowMenu();

  if (!items || (items.length === 0 && !synced)) {
    return (
      <p className="flex items-center justify-center gap-3 px-6 py-10 text-sm text-muted">
        <Spinner className="size-4" />
        {t("loading")}
      </p>
    );
  }
  return (
    <>
      {items.length === 0 && (
        <Empty icon={archived ? <Archive /> : <MessagesSquare />} title={archived ? t("noneArchived") : t("empty")}>
          {!archived && <Invitation onNew={onNew} />}
        </Empty>
      )}
      <ul>
        {items.slice(0, atOnce).map((item) => {
          const { kind, text } = previewOf(item);
          return (
            <ConversationRow
              key={item.id}
              item={item}
              name={names.ofConversation(item)}
              line={kind}
              text={text}
              progress={(kind === "text" && progress.get(item.preview?.messageId ?? "")) || null}
              online={item.person ? presence.get(item.person.id)?.status === "online" : false}
              href={pathOf(item.id)}
              selected={item.id === openId}
              onOpen={onOpen}
              menuOf={menuOf}
            />
          );
        })}
      </ul>
      {!archived && away === 0 && items.length > 0 && items.every((item) => item.kind === "self") && (
        <Empty icon={<MessagesSquare />} title={t("alone")}>
          <Invitation onNew={onNew} />
        </Empty>
      )}
      {!archived && away > 0 && (
        <button
          type="button"
          onClick={onArchive}
          className="mx-2 mt-1 flex min-h-11 w-[calc(100%-1rem)] items-center gap-3 rounded-xl px-5 text-sm text-muted hover:bg-hover"
        >
          <Archive aria-hidden="true" className="size-4.5" />
          {t("showArchived", { count: away })}
        </button>
      )}
    </>
  );
}

/** For who has nobody to talk to yet. */
function Invitation({ onNew }: { onNew: () => void }) {
  const t = useTranslations("list");
  const nav = useTranslations("nav");
  return (
    <>
      <p className="mb-4">{t("emptyHint")}</p>
      <Button onClick={onNew}>{nav("newConversation")}</Button>
    </>
  );
}
