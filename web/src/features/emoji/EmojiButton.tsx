import { type ReactNode, useCallback, useRef, useState } from "react";
import { rememberEmoji } from "./recent";
import { IconButton } from "@/ui/Button";
import { EmojiPopover } from "./EmojiPopover";

type Props = { icon: ReactNode; label: string; onPick: (emoji: string) => void };

export function EmojiButton({ icon, label, onPick }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const close = useCallback(() => setOpen(false), []);
  const pick = (emoji: string) => {
    close();
    rememberEmoji(emoji);
    onPick(emoji);
  };
  return (
    <>
      <IconButton ref={button} label={label} aria-haspopup="dialog" aria-expanded={open} onClick={() => setOpen(true)}>
        {icon}
      </IconButton>
      {open && <EmojiPopover anchor={button} onPick={pick} onClose={close} />}
    </>
  );
}
