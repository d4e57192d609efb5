import { useId, type ReactNode } from "react";

type Props = { label: string; hint?: ReactNode; checked: boolean; disabled?: boolean; onChange: (checked: boolean) => void };

/** A row that switches something at once; the whole row takes the click. */
export function Switch({ label, hint, checked, disabled, onChange }: Props) {
  const id = useId();
  return (
    <label className="flex min-h-14 cursor-pointer items-center gap-4 px-4 py-2.5 hover:bg-hover has-disabled:cursor-not-allowed has-disabled:opacity-60">
      <span className="grow">
        <span className="block text-base">{label}</span>
        {hint && (
          <span id={id} className="mt-0.5 block text-sm text-muted">
            {hint}
          </span>
        )}
      </span>
      <input
        type="checkbox"
        role="switch"
        className="switch"
        checked={checked}
        aria-checked={checked}
        disabled={disabled}
        aria-describedby={hint ? id : undefined}
        onChange={(event) => onChange(event.target.checked)}
      />
    </label>
  );
}
