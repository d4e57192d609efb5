import { useTranslations } from "use-intl";
import { Dialog } from "@/ui/Dialog";
import { boxShortcuts, onThisMachine, type ShortcutAction, shortcuts, shown } from "./table";

const words: Partial<Record<ShortcutAction, string>> = {
  switcher: "switcher",
  newConversation: "newConversation",
  search: "search",
  next: "next",
  previous: "previous",
  nextUnread: "nextUnread",
  previousUnread: "previousUnread",
  nextRegion: "regions",
  help: "help",
};

export function ShortcutHelp({ onClose }: { onClose: () => void }) {
  const t = useTranslations("shortcuts");
  const app = useTranslations("app");
  const listed = Object.entries(words).map(([action, word]) => ({
    word,
    keys: shortcuts.filter((shortcut) => shortcut.action === action).flatMap((shortcut) => shortcut.keys.map(shown)),
  }));
  return (
    <Dialog readOnly title={t("title")} closeLabel={app("close")} onClose={onClose}>
      <dl className="grid grid-cols-[1fr_auto] items-center gap-x-6 gap-y-2 text-sm">
        {listed.map(({ word, keys }) => (
          <Line key={word} label={t(word as "switcher")} keys={keys} />
        ))}
        {boxShortcuts.map(({ label, keys }) => (
          <Line key={label} label={t(label)} keys={[onThisMachine(keys)]} />
        ))}
      </dl>
    </Dialog>
  );
}

function Line({ label, keys }: { label: string; keys: string[] }) {
  return (
    <>
      <dt>{label}</dt>
      <dd dir="ltr" className="flex justify-end gap-2">
        {keys.map((one) => (
          <kbd key={one} className="rounded-md border border-line bg-well px-2 py-0.5 font-mono text-xs">
            {one}
          </kbd>
        ))}
      </dd>
    </>
  );
}
