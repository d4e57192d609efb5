import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { Composer } from "@/features/composer/Composer";
import { useComposer } from "@/features/composer/useComposer";
import { useNames } from "@/features/people/names";
import { useContact } from "@/features/people/useContact";
import { usePresence } from "@/features/people/usePresence";
import { useTyping } from "@/features/people/useTyping";
import { useSystemText } from "@/features/timeline/systemText";
import { TimelineView } from "@/features/timeline/TimelineView";
import type { AnchoredScroll } from "@/features/timeline/useAnchoredScroll";
import { useDirectory } from "@/features/timeline/useDirectory";
import { useMarkRead } from "@/features/timeline/useMarkRead";
import { useSlice } from "@/features/timeline/useSlice";
import { useConversationSearch } from "@/features/search/useConversationSearch";
import { type ConversationView, lastEditable, messageById, type MessageView } from "@/store/queries";
import { fetchInIdleTime, later } from "@/ui/later";
import { toast } from "@/ui/Toast";
import { BlockedBar } from "./BlockedBar";
import { ConversationHeader } from "./ConversationHeader";
import type { Opened } from "./ConversationPane";
import type { OpenDialog } from "./Dialogs";
import { keepPlace } from "./places";
import { useJump } from "./useJump";
import { useMessageActions } from "./useMessageActions";

const Dialogs = later(() => import("./Dialogs").then((module) => module.Dialogs));
const SearchBar = later(() => import("@/features/search/SearchBar").then((module) => module.SearchBar));

type Props = {
  conversation: ConversationView;
  opened: Opened;
  me: string;
  /** The message that a link names. */
  seq: number | null;
  onBack: () => void;
  onOpen: (id: string, seq?: number) => void;
};

/** A conversation with its messages and its box. Made anew for each conversation. */
export function OpenConversation({ conversation, opened, me, seq, onBack, onOpen }: Props) {
  const t = useTranslations("conversation");
  const names = useNames();
  const { id } = conversation;
  // It changes only with the conversation.
  const { start, first } = opened;
  const scroll = useRef<AnchoredScroll | null>(null);
  const box = useRef<HTMLTextAreaElement>(null);
  const list = useSlice(id, first);
  const { messages } = list.slice;
  const nameOf = useDirectory(conversation, messages, me);
  const systemText = useSystemText(nameOf, me);
  const onMissing = useCallback(() => toast(t("notHere")), [t]);
  const has = useCallback(async (messageId: string) => (await messageById(id, messageId)) !== null, [id]);
  const { slice, current, goTo } = list;
  const jump = useJump({ scroll, slice, current, goTo, start: start.goal, has, onMissing });
  const search = useConversationSearch(id, jump.toMessage);
  const [dialog, setDialog] = useState<OpenDialog | null>(null);
  const onSeen = useMarkRead(id, conversation.read, conversation.markedUnread, conversation.kind !== "self" && !conversation.left);
  const typing = useTyping(id);
  const person = conversation.kind === "direct" ? conversation.person?.id : undefined;
  const blocked = useContact(person) === "blocked";
  const presence = usePresence(useMemo(() => (person ? [person] : []), [person]));

  const people = useMentionable(conversation, me);
  const toEnd = useCallback(() => {
    list.goTo({ at: "end" });
    scroll.current?.follow();
    scroll.current?.toEnd();
  }, [list.goTo]);
  const composer = useComposer(id, toEnd, people);
  const focusBox = useCallback(() => box.current?.focus(), []);

  const reply = useCallback(
    (message: MessageView) => {
      composer.reply(message);
      focusBox();
    },
    [composer.reply, focusBox],
  );
  const edit = useCallback(
    (message: MessageView) => {
      composer.edit(message);
      focusBox();
    },
    [composer.edit, focusBox],
  );
  const actions = useMessageActions({ reply, edit, goTo: jump.toMessage, open: setDialog });
  const onEditLast = async () => {
    const last = await lastEditable(id, Date.now());
    if (last) edit(last);
  };

  // A link to another message of the conversation that is open already.
  const named = useRef(seq);
  useEffect(() => {
    if (seq !== null && seq !== named.current) jump.toSeq(seq);
    named.current = seq;
  }, [seq, jump.toSeq]);

  useEffect(() => fetchInIdleTime([Dialogs, SearchBar]), []);
  useFocusOnOpen(focusBox);
  const onSight = useSightKeeper(id, messages, list.onAtEnd, onSeen);
  const name = names.ofConversation(conversation);
  const repliesTo = composer.state.replyTo?.senderId;

  return (
    <section aria-label={name} data-region className="flex min-h-0 min-w-0 grow flex-col">
      <ConversationHeader
        conversation={conversation}
        presence={person && !blocked ? (presence.get(person) ?? null) : null}
        typing={typing}
        nameOf={nameOf}
        onBack={onBack}
        onSearch={search.open}
        onInfo={() => setDialog({ kind: "info" })}
      />
      {search.shown && <SearchBar search={search} onClose={focusBox} />}
      <div className="paper flex min-h-0 grow flex-col">
        <TimelineView
          name={name}
          messages={messages}
          hasOlder={!list.slice.atStart}
          hasNewer={!list.slice.atEnd}
          onOlder={list.onOlder}
          onNewer={list.onNewer}
          unreadAbove={start.unreadAbove}
          waiting={conversation.unread}
          onEnd={toEnd}
          onUnread={() => start.unreadAbove !== null && jump.toAfter(start.unreadAbove)}
          group={conversation.kind !== "direct" && conversation.kind !== "self"}
          me={me}
          nameOf={nameOf}
          actions={actions}
          writable={!conversation.left && !blocked}
          flash={jump.flash}
          hitsOf={search.hitsOf}
          systemText={systemText}
          onSight={onSight}
          scroll={scroll}
          onLeave={focusBox}
          emptyText={conversation.kind === "self" ? t("selfHint") : blocked ? "" : t("empty")}
        />
      </div>
      {conversation.left ? (
        <p className="border-t border-line bg-surface px-4 py-4 text-center text-sm text-muted">{t("removed")}</p>
      ) : blocked && conversation.person ? (
        <BlockedBar person={conversation.person} />
      ) : (
        <Composer
          box={box}
          name={name}
          state={composer.state}
          people={people}
          replyName={repliesTo && repliesTo !== me ? nameOf(repliesTo) : null}
          onText={composer.onText}
          onSend={() => void composer.send()}
          onCancel={composer.cancel}
          onEditLast={() => void onEditLast()}
        />
      )}
      {dialog && (
        <Dialogs
          dialog={dialog}
          conversation={conversation}
          me={me}
          actions={actions}
          onClose={() => setDialog(null)}
          onBack={onBack}
          onOpen={onOpen}
        />
      )}
    </section>
  );
}

/** Who can be named in a group. */
function useMentionable({ kind, members }: ConversationView, me: string) {
  const group = kind !== "direct" && kind !== "self";
  return useMemo(
    () => (group ? members.map((member) => member.person).filter((person) => person.id !== me && person.username) : []),
    [group, members, me],
  );
}

/** On a phone the keyboard would come up at once and hide what there is to read. */
function useFocusOnOpen(focusBox: () => void) {
  useEffect(() => {
    if (matchMedia("(hover: hover) and (min-width: 48rem)").matches) focusBox();
  }, [focusBox]);
}

function useSightKeeper(
  conversationId: string,
  messages: readonly MessageView[],
  onAtEnd: (atEnd: boolean) => void,
  onSeen: (position: { seq: number; count: number }) => void,
) {
  return useCallback(
    (lastId: string | null, atEnd: boolean) => {
      onAtEnd(atEnd);
      keepPlace(conversationId, atEnd ? null : lastId);
      const at = messages.findIndex((message) => message.id === lastId);
      // What is not in the log cannot be read; the entry before it was.
      for (let index = at; index >= 0; index -= 1) {
        const message = messages[index];
        if (message?.seq == null || message.count === null) continue;
        onSeen({ seq: message.seq, count: message.count });
        return;
      }
    },
    [conversationId, messages, onAtEnd, onSeen],
  );
}
