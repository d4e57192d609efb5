import { cx } from "./cx";

/** A turning ring; whoever shows it says in words what is awaited. */
export function Spinner({ className }: { className?: string }) {
  return (
    <span
      aria-hidden="true"
      className={cx(
        "inline-block size-5 animate-spin rounded-full border-2 border-current border-e-transparent opacity-80 motion-reduce:animate-pulse",
        className,
      )}
    />
  );
}
