import { useLayoutEffect, type KeyboardEvent, type RefObject } from "react";
import { actionOf, type ComposerAction } from "./keys";
import { type Mark, toggled } from "./markup";

type Props = {
  box: RefObject<HTMLTextAreaElement | null>;
  label: string;
  placeholder: string;
  value: string;
  enterSends: boolean;
  cancellable: boolean;
  onValue: (value: string) => void;
  onAction: (action: ComposerAction) => void;
};

/** The box that a message is written in: as high as its text, up to a third of the window. */
export function TextBox({ box, label, placeholder, value, enterSends, cancellable, onValue, onAction }: Props) {
  useAutoHeight(box, value);
  const pressed = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    const action = actionOf(
      { ...pick(event), isComposing: event.nativeEvent.isComposing },
      { empty: value === "", enterSends, cancellable },
    );
    if (!action) return;
    event.preventDefault();
    onAction(action);
  };
  return (
    <textarea
      ref={box}
      rows={1}
      dir="auto"
      aria-label={label}
      placeholder={placeholder}
      value={value}
      enterKeyHint={enterSends ? "send" : "enter"}
      className="field-sizing-content block max-h-[34dvh] min-h-11 w-full resize-none overflow-y-auto bg-transparent px-1 py-2.5 text-base leading-6 outline-none placeholder:text-muted"
      onChange={(event) => onValue(event.target.value)}
      onKeyDown={pressed}
    />
  );
}

function pick({ key, ctrlKey, metaKey, shiftKey, altKey, keyCode }: KeyboardEvent) {
  return { key, ctrlKey, metaKey, shiftKey, altKey, keyCode };
}

function useAutoHeight(box: RefObject<HTMLTextAreaElement | null>, value: string) {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text is what the height follows
  useLayoutEffect(() => {
    const element = box.current;
    // Whoever has that does it without laying out the page anew for each letter.
    if (!element || globalThis.CSS?.supports?.("field-sizing", "content")) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [box, value]);
}

/** Replaces what is in the box as typing would, so that undoing works; tells whether the browser could. */
function typed(box: HTMLTextAreaElement, value: string): boolean {
  box.setSelectionRange(0, box.value.length);
  return document.execCommand("insertText", false, value);
}

/** Puts marks around what is selected in the box. */
export function markSelection(box: HTMLTextAreaElement, mark: Mark, onValue: (value: string) => void): void {
  const next = toggled({ value: box.value, start: box.selectionStart, end: box.selectionEnd }, mark);
  box.focus();
  if (!typed(box, next.value)) onValue(next.value);
  // After React has put the value in, which moves the cursor.
  requestAnimationFrame(() => box.setSelectionRange(next.start, next.end));
}

/** Puts text where the cursor is. */
export function insertAtCursor(box: HTMLTextAreaElement, text: string, onValue: (value: string) => void): void {
  const { selectionStart: start, selectionEnd: end, value } = box;
  box.focus();
  box.setSelectionRange(start, end);
  if (document.execCommand("insertText", false, text)) return;
  onValue(value.slice(0, start) + text + value.slice(end));
  requestAnimationFrame(() => box.setSelectionRange(start + text.length, start + text.length));
}
