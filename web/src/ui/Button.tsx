import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import { cx } from "./cx";
import { Spinner } from "./Spinner";

export type ButtonKind = "primary" | "quiet" | "outline" | "danger";

const kinds: Record<ButtonKind, string> = {
  primary: "bg-accent text-on-accent hover:bg-accent-strong disabled:opacity-50",
  quiet: "text-accent-text hover:bg-hover disabled:text-muted disabled:hover:bg-transparent",
  outline: "border border-edge bg-surface text-ink hover:bg-hover disabled:opacity-50",
  danger: "bg-danger text-on-danger hover:bg-danger-strong disabled:opacity-50",
};

type Props = ButtonHTMLAttributes<HTMLButtonElement> & {
  kind?: ButtonKind;
  /** Shows a spinner and takes no further clicks; the label stays, so that nothing moves. */
  busy?: boolean;
  wide?: boolean;
  ref?: Ref<HTMLButtonElement>;
};

export function buttonClass(kind: ButtonKind = "primary", wide = false): string {
  return cx(
    "relative inline-flex min-h-11 items-center justify-center gap-2 rounded-xl px-5 text-base font-medium transition-colors",
    "disabled:cursor-not-allowed aria-disabled:cursor-not-allowed",
    kinds[kind],
    wide && "w-full",
  );
}

export function Button({ kind = "primary", busy = false, wide, className, children, onClick, type = "button", ...rest }: Props) {
  return (
    <button
      {...rest}
      type={type}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      className={cx(buttonClass(kind, wide), className)}
      onClick={(event) => {
        if (busy) return event.preventDefault();
        onClick?.(event);
      }}
    >
      <span className={cx("inline-flex items-center gap-2", busy && "opacity-0")}>{children}</span>
      {busy && (
        <span className="absolute inset-0 grid place-items-center">
          <Spinner />
        </span>
      )}
    </button>
  );
}

type IconProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, "aria-label"> & {
  /** What the button does: read out, and shown as its tip. */
  label: string;
  children: ReactNode;
  small?: boolean;
  ref?: Ref<HTMLButtonElement>;
  [data: `data-${string}`]: string | undefined;
};

export function IconButton({ label, children, small, className, type = "button", ...rest }: IconProps) {
  return (
    <button
      {...rest}
      type={type}
      aria-label={label}
      title={label}
      className={cx(
        "inline-grid shrink-0 place-items-center rounded-full text-muted transition-colors hover:bg-hover hover:text-ink",
        "disabled:cursor-not-allowed disabled:opacity-45 aria-pressed:bg-accent-soft aria-pressed:text-accent-text",
        // Small to the eye, and as large as any other to a finger.
        small
          ? "size-8 pointer-coarse:after:absolute pointer-coarse:after:size-11 pointer-coarse:[&:not(.absolute)]:relative"
          : "size-11 md:size-10",
        className,
      )}
    >
      {children}
    </button>
  );
}
