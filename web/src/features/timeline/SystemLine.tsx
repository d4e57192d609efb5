/** Something that happened in the conversation and is no message. */
export function SystemLine({ id, text, active }: { id: string; text: string; active: boolean }) {
  return (
    <article data-row={id} tabIndex={active ? 0 : -1} aria-label={text} className="flex justify-center px-6 py-1.5">
      <p className="max-w-md rounded-full bg-well px-3 py-1 text-center text-xs text-muted">{text}</p>
    </article>
  );
}
