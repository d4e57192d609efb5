import { cx } from "./cx";

type Props = { text: string; className?: string };

/**
 * Words that somebody wrote, on one line. They stand where the page begins its lines; what there is no room for is cut off at
 * their own end, whichever way they run.
 */
export function OneLine({ text, className }: Props) {
  return (
    <span className={cx("flex min-w-0", className)}>
      <span dir="auto" className="truncate">
        {text}
      </span>
    </span>
  );
}
