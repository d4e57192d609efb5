import { useLiveQuery } from "dexie-react-hooks";
import { SearchX } from "lucide-react";
import { useDeferredValue } from "react";
import { useTranslations } from "use-intl";
import { kindOf } from "@/features/conversations/ConversationRow";
import { useNames } from "@/features/people/names";
import { pathOf } from "@/lib/nav";
import { type SearchHit, searchConversations, searchMessages } from "@/store/queries";
import { Avatar } from "@/ui/Avatar";
import { FormattedText } from "@/ui/FormattedText";
import { plainClick } from "@/ui/plainClick";
import { Empty } from "@/ui/Notice";
import { OneLine } from "@/ui/OneLine";
import { useWhen } from "@/ui/when";

type Props = { query: string; me: string; onOpen: (id: string, seq?: number) => void };

/** What is found on this device: conversations by name, then messages by their words. */
export function SearchResults({ query, me, onOpen }: Props) {
  const t = useTranslations("list");
  const search = useTranslations("search");
  const names = useNames();
  const asked = useDeferredValue(query.trim());
  const found = useLiveQuery(async () => {
    const [conversations, messages] = await Promise.all([searchConversations(asked, 8), searchMessages(asked, { limit: 50 })]);
    return { conversations, hits: messages.hits };
  }, [asked]);
  if (!found) return null;
  if (found.conversations.length + found.hits.length === 0) {
    return (
      <Empty icon={<SearchX />} title={t("none", { query: asked })}>
        {search("local")}
      </Empty>
    );
  }
  return (
    <div className="pb-4">
      {found.conversations.length > 0 && <Heading text={t("conversations")} />}
      <ul>
        {found.conversations.map((one) => {
          const name = names.ofConversation(one);
          return (
            <li key={one.id} className="px-2">
              <a
                href={pathOf(one.id)}
                onClick={plainClick(() => onOpen(one.id))}
                className="flex h-14 items-center gap-3 rounded-xl px-2.5 hover:bg-hover"
              >
                <Avatar id={one.person?.id ?? one.id} name={name} kind={kindOf(one.kind)} size="sm" />
                <OneLine text={name} className="font-medium" />
              </a>
            </li>
          );
        })}
      </ul>
      {found.hits.length > 0 && <Heading text={t("messages")} />}
      <ul>
        {found.hits.map((hit) => (
          <Hit key={hit.message.id} hit={hit} me={me} onOpen={onOpen} />
        ))}
      </ul>
    </div>
  );
}

function Heading({ text }: { text: string }) {
  return <h2 className="px-4.5 pt-3 pb-1 text-xs font-semibold text-muted">{text}</h2>;
}

function Hit({ hit, me, onOpen }: { hit: SearchHit; me: string; onOpen: Props["onOpen"] }) {
  const app = useTranslations("app");
  const names = useNames();
  const { brief } = useWhen();
  const { message, conversation } = hit;
  const seq = message.seq ?? undefined;
  const around = excerptAround(message.text, hit.hits);
  return (
    <li className="px-2">
      <a
        href={pathOf(conversation.id, seq)}
        onClick={plainClick(() => onOpen(conversation.id, seq))}
        className="block rounded-xl px-2.5 py-2 hover:bg-hover"
      >
        <span className="flex items-baseline gap-2">
          <OneLine text={names.ofConversation(conversation)} className="grow text-sm font-medium" />
          <time dateTime={message.createdAt} className="shrink-0 text-xs text-muted">
            {brief(message.createdAt)}
          </time>
        </span>
        <span className="line-clamp-2 text-sm break-words text-muted">
          {hit.sender.id === me ? (
            `${app("you")}: `
          ) : conversation.kind === "direct" ? null : (
            <>
              <bdi>{names.ofPerson(hit.sender)}</bdi>:{" "}
            </>
          )}
          <bdi>
            <FormattedText text={around.text} hits={around.hits} plain />
          </bdi>
        </span>
      </a>
    </li>
  );
}

const lead = 30;

/** The part of a text in which its first hit can be seen, with the hits moved along. */
export function excerptAround(text: string, hits: readonly [number, number][]): { text: string; hits: [number, number][] } {
  const first = hits[0]?.[0] ?? 0;
  if (first <= lead) return { text, hits: [...hits] };
  const from = text.indexOf(" ", first - lead) + 1;
  const cut = from > 0 && from <= first ? from : first;
  return { text: `…${text.slice(cut)}`, hits: hits.map(([start, end]) => [start - cut + 1, end - cut + 1]) };
}
