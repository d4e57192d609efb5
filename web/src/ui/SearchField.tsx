import { Search, X } from "lucide-react";
import type { InputHTMLAttributes, Ref } from "react";
import { cx } from "./cx";
import { IconButton } from "./Button";

type Props = Omit<InputHTMLAttributes<HTMLInputElement>, "onChange" | "value"> & {
  label: string;
  clearLabel: string;
  value: string;
  onValue: (value: string) => void;
  ref?: Ref<HTMLInputElement>;
};

/** A search box whose label is only read out, with a button that empties it. */
export function SearchField({ label, clearLabel, value, onValue, className, ...rest }: Props) {
  return (
    <div className={cx("relative", className)}>
      <Search aria-hidden="true" className="pointer-events-none absolute inset-y-0 start-3.5 my-auto size-4.5 text-muted" />
      <input
        {...rest}
        type="search"
        aria-label={label}
        placeholder={rest.placeholder ?? label}
        value={value}
        onChange={(event) => onValue(event.target.value)}
        className={cx(
          "h-11 w-full truncate rounded-full border border-transparent bg-well ps-10.5 text-base text-ink placeholder:text-muted md:h-10",
          value ? "pe-11" : "pe-4",
        )}
      />
      {value && (
        <IconButton small label={clearLabel} className="absolute inset-y-0 end-1.5 my-auto" onClick={() => onValue("")}>
          <X aria-hidden="true" className="size-4" />
        </IconButton>
      )}
    </div>
  );
}
