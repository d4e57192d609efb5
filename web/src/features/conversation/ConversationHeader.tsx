import { ArrowLeft, Info, Search } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import { kindOf } from "@/features/conversations/ConversationRow";
import { useNames } from "@/features/people/names";
import type { PresenceRow } from "@/store/db";
import type { ConversationView } from "@/store/queries";
import { Avatar } from "@/ui/Avatar";
import { IconButton } from "@/ui/Button";
import { useWhen } from "@/ui/when";

type Props = {
  conversation: ConversationView;
  presence: PresenceRow | null;
  typing: readonly string[];
  nameOf: (userId: string) => string;
  onBack: () => void;
  onSearch: () => void;
  onInfo: () => void;
};

/** Who it is with, and how they are. Its height never changes. */
export function ConversationHeader({ conversation, presence, typing, nameOf, onBack, onSearch, onInfo }: Props) {
  const t = useTranslations("conversation");
  const app = useTranslations("app");
  const names = useNames();
  const name = names.ofConversation(conversation);
  return (
    <header className="flex h-16 shrink-0 items-center gap-1 border-b border-line bg-surface pe-2 ps-1 md:ps-4">
      <IconButton label={app("back")} onClick={onBack} className="md:hidden">
        <ArrowLeft aria-hidden="true" className="size-5.5 rtl:-scale-x-100" />
      </IconButton>
      <div className="relative flex min-w-0 grow items-center gap-3 self-stretch px-1.5">
        <Avatar
          id={conversation.person?.id ?? conversation.id}
          name={name}
          kind={kindOf(conversation.kind)}
          size="sm"
          online={presence?.status === "online"}
        />
        <div className="min-w-0 grow">
          <h2 className="flex leading-6 font-semibold">
            {/* Picture and status are a part of what is pressed. */}
            <button type="button" dir="auto" onClick={onInfo} className="min-w-6 truncate after:absolute after:inset-0 hover:underline">
              {name}
            </button>
          </h2>
          <p className="h-4.5 truncate text-[0.8125rem] leading-4.5 text-muted">
            {typing.length > 0 ? (
              <Typing names={typing.map(nameOf)} alone={conversation.kind === "direct"} />
            ) : (
              <Status conversation={conversation} presence={presence} />
            )}
          </p>
        </div>
      </div>
      <IconButton label={t("search")} data-search-here="" onClick={onSearch}>
        <Search aria-hidden="true" className="size-5" />
      </IconButton>
      <IconButton label={t("info")} onClick={onInfo}>
        <Info aria-hidden="true" className="size-5" />
      </IconButton>
    </header>
  );
}

function Typing({ names, alone }: { names: string[]; alone: boolean }) {
  const t = useTranslations("conversation");
  const [first = "", second = ""] = names;
  const words = alone
    ? t("typing")
    : names.length === 1
      ? t("typingOne", { name: first })
      : names.length === 2
        ? t("typingTwo", { first, second })
        : t("typingMany");
  return (
    <span data-typing className="text-accent-text">
      {words}{" "}
      <span aria-hidden="true" className="typing-dots">
        <i />
        <i />
        <i />
      </span>
    </span>
  );
}

function Status({ conversation, presence }: { conversation: ConversationView; presence: PresenceRow | null }): ReactNode {
  const t = useTranslations("conversation");
  const { spoken } = useWhen();
  if (conversation.kind === "self") return t("selfHint");
  if (conversation.kind !== "direct") return t("members", { count: conversation.memberCount });
  if (!presence) return conversation.person?.name && conversation.person.username ? <bdi>@{conversation.person.username}</bdi> : "";
  if (presence.status !== "offline") return t(presence.status);
  return presence.lastSeenAt ? t("lastSeen", { when: spoken(presence.lastSeenAt) }) : t("offline");
}
