import { useState } from "react";
import { EmojiPopover } from "@/features/emoji/EmojiPopover";
import { DetailsDialog } from "@/features/groups/DetailsDialog";
import type { MessageActions } from "@/features/timeline/actions";
import type { ConversationView, MessageView } from "@/store/queries";
import { DeleteDialog } from "./DeleteDialog";
import { ForwardDialog } from "./ForwardDialog";

export type OpenDialog = { kind: "info" } | { kind: "delete" | "forward" | "reaction"; message: MessageView };

type Props = {
  dialog: OpenDialog;
  conversation: ConversationView;
  me: string;
  actions: MessageActions;
  onClose: () => void;
  onBack: () => void;
  onOpen: (id: string) => void;
};

/** Whichever dialog of a conversation is open. */
export function Dialogs({ dialog, conversation, me, actions, onClose, onBack, onOpen }: Props) {
  if (dialog.kind === "info")
    return <DetailsDialog conversation={conversation} me={me} onClose={onClose} onGone={onBack} onOpen={onOpen} />;
  const { kind, message } = dialog;
  if (kind === "delete") return <DeleteDialog message={message} alone={conversation.kind === "self"} onClose={onClose} />;
  if (kind === "forward") return <ForwardDialog message={message} onClose={onClose} />;
  return <ReactionPicker message={message} actions={actions} onClose={onClose} />;
}

function ReactionPicker({ message, actions, onClose }: { message: MessageView; actions: MessageActions; onClose: () => void }) {
  const [anchor] = useState(() => pointOf(message.id));
  return (
    <EmojiPopover
      anchor={anchor}
      onClose={onClose}
      onPick={(emoji) => {
        actions.react(message, emoji, true);
        onClose();
      }}
    />
  );
}

function pointOf(messageId: string): { x: number; y: number } {
  const row = document.querySelector(`[data-row="${CSS.escape(messageId)}"]`);
  const box = row?.getBoundingClientRect();
  return box ? { x: box.left + box.width / 2 - 160, y: Math.max(80, box.top) } : { x: 80, y: 80 };
}
