import { useId, type ReactNode } from "react";

export type Option<T extends string> = { value: T; label: string; icon?: ReactNode; lang?: string };

type Props<T extends string> = { label: string; options: Option<T>[]; value: T; onChange: (value: T) => void; disabled?: boolean };

/** One of a few, side by side: radio buttons that look like one control. */
export function Choice<T extends string>({ label, options, value, onChange, disabled }: Props<T>) {
  const name = useId();
  return (
    <fieldset disabled={disabled} className="px-4 py-3">
      <legend className="float-start mb-2 w-full text-base">{label}</legend>
      <div className="clear-both flex rounded-xl bg-well p-1">
        {options.map((option) => (
          <label
            key={option.value}
            lang={option.lang}
            className="flex min-h-10 grow cursor-pointer items-center justify-center gap-2 rounded-lg px-3 text-sm font-medium text-muted has-checked:bg-surface has-checked:text-ink has-checked:shadow-low has-focus-visible:ring-2 has-focus-visible:ring-focus"
          >
            <input
              type="radio"
              className="sr-only"
              name={name}
              value={option.value}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
            />
            {option.icon}
            {option.label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
