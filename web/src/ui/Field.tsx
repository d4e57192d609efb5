import { useId, type InputHTMLAttributes, type ReactNode, type Ref, type TextareaHTMLAttributes } from "react";
import { cx } from "./cx";

type Common = {
  label: string;
  hint?: ReactNode;
  /** In words, what is wrong and how to mend it. */
  error?: string | null;
  /** Keeps room for one line of hint or error, so that the page does not move when it comes. */
  steady?: boolean;
};

const box =
  "w-full rounded-xl border bg-field px-4 text-base text-ink placeholder:text-faint transition-colors " +
  "hover:border-edge-strong aria-invalid:border-danger-text disabled:opacity-60";

function useDescription({ hint, error, steady }: Common) {
  const id = useId();
  const says = error || hint;
  const below = (
    <p
      id={`${id}-below`}
      role={error ? "alert" : undefined}
      className={cx("mt-1.5 text-sm", error ? "text-danger-text" : "text-muted", steady && "min-h-5")}
    >
      {says}
    </p>
  );
  const wiring = {
    id,
    "aria-invalid": error ? true : undefined,
    "aria-describedby": says ? `${id}-below` : undefined,
  } as const;
  return { id, wiring, below: says || steady ? below : null };
}

type FieldProps = Common & InputHTMLAttributes<HTMLInputElement> & { ref?: Ref<HTMLInputElement>; lead?: ReactNode };

export function Field({ label, hint, error, steady, lead, className, ...rest }: FieldProps) {
  const { id, wiring, below } = useDescription({ label, hint, error, steady });
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1.5 block text-sm font-medium text-ink">
        {label}
      </label>
      <span dir={lead ? rest.dir : undefined} className="relative block">
        {lead && <span className="pointer-events-none absolute inset-y-0 start-4 grid place-items-center text-muted">{lead}</span>}
        <input {...rest} {...wiring} className={cx(box, "h-12 border-edge", lead ? "ps-9" : null)} />
      </span>
      {below}
    </div>
  );
}

type AreaProps = Common & TextareaHTMLAttributes<HTMLTextAreaElement> & { ref?: Ref<HTMLTextAreaElement> };

export function Area({ label, hint, error, steady, className, ...rest }: AreaProps) {
  const { id, wiring, below } = useDescription({ label, hint, error, steady });
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1.5 block text-sm font-medium text-ink">
        {label}
      </label>
      <textarea {...rest} {...wiring} className={cx(box, "block min-h-24 resize-y border-edge py-3")} />
      {below}
    </div>
  );
}
