import { Bold, Code, Italic, Strikethrough } from "lucide-react";
import { useTranslations } from "use-intl";
import { onThisMachine } from "@/features/shortcuts/table";
import { IconButton } from "@/ui/Button";
import type { Mark } from "./markup";

const buttons = [
  { mark: "bold", Icon: Bold, keys: "Ctrl+B" },
  { mark: "italic", Icon: Italic, keys: "Ctrl+I" },
  { mark: "strike", Icon: Strikethrough, keys: "Ctrl+Shift+X" },
  { mark: "code", Icon: Code, keys: "Ctrl+E" },
] as const;

export function FormatBar({ onMark }: { onMark: (mark: Mark) => void }) {
  const t = useTranslations("composer");
  return (
    <div role="toolbar" aria-label={t("format")} className="flex gap-0.5 px-2 pt-1">
      {buttons.map(({ mark, Icon, keys }) => (
        <IconButton
          key={mark}
          small
          label={`${t(mark)} (${onThisMachine(keys)})`}
          // The box keeps its focus and its selection.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onMark(mark)}
        >
          <Icon aria-hidden="true" className="size-4.5" />
        </IconButton>
      ))}
    </div>
  );
}
