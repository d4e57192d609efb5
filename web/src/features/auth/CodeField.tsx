import { useId, useState, type Ref } from "react";
import { cx } from "@/ui/cx";

export const codeLength = 6;
const places = [0, 1, 2, 3, 4, 5];

/** The digits of what was typed or pasted, whatever stands between them; other scripts' digits count. */
export function digitsOf(text: string): string {
  return text
    .normalize("NFKC")
    .replace(/[٠-٩]/gu, (digit) => String(digit.charCodeAt(0) - 0x660))
    .replace(/[۰-۹]/gu, (digit) => String(digit.charCodeAt(0) - 0x6f0))
    .replace(/[^0-9]/gu, "")
    .slice(0, codeLength);
}

type Props = {
  label: string;
  value: string;
  error?: string | null;
  disabled?: boolean;
  onValue: (digits: string) => void;
  ref?: Ref<HTMLInputElement>;
};

/**
 * Six boxes that are one field: pasting, filling in from a message, deleting and reading out work as in any other, and the
 * next box is always the one written to.
 */
export function CodeField({ label, value, error, disabled, onValue, ref }: Props) {
  const id = useId();
  const [focused, setFocused] = useState(false);
  return (
    <div>
      <label htmlFor={id} className="mb-2 block text-sm font-medium">
        {label}
      </label>
      {/* Digits go from left to right in every language. */}
      <div dir="ltr" className="relative">
        <div aria-hidden="true" className="grid grid-cols-6 gap-2">
          {places.map((at) => (
            <Box key={at} digit={value[at]} active={focused && at === Math.min(value.length, codeLength - 1)} wrong={Boolean(error)} />
          ))}
        </div>
        <input
          ref={ref}
          id={id}
          value={value}
          disabled={disabled}
          inputMode="numeric"
          autoComplete="one-time-code"
          pattern="[0-9]*"
          aria-invalid={error ? true : undefined}
          aria-describedby={`${id}-error`}
          className="absolute inset-0 size-full cursor-text bg-transparent text-base text-transparent caret-transparent outline-none selection:bg-transparent"
          onChange={(event) => onValue(digitsOf(event.target.value))}
          onFocus={() => setFocused(true)}
          onBlur={() => setFocused(false)}
        />
      </div>
      <p id={`${id}-error`} role="alert" className="mt-2.5 mb-3 min-h-10 text-sm text-danger-text">
        {error}
      </p>
    </div>
  );
}

function Box({ digit, active, wrong }: { digit?: string; active: boolean; wrong: boolean }) {
  return (
    <span
      className={cx(
        "grid h-14 place-items-center rounded-xl border bg-field text-2xl font-semibold tabular-nums",
        wrong ? "border-danger-text" : "border-edge",
        active && "border-focus ring-2 ring-focus",
      )}
    >
      {digit ?? ""}
    </span>
  );
}
