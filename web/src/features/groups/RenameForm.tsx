import { useState } from "react";
import { useTranslations } from "use-intl";
import { Button } from "@/ui/Button";
import { Field } from "@/ui/Field";

type Props = { title: string; onSave: (title: string) => Promise<void>; onCancel: () => void };

/** Another name for a group. */
export function RenameForm({ title, onSave, onCancel }: Props) {
  const t = useTranslations("group");
  const app = useTranslations("app");
  const [value, setValue] = useState(title);
  return (
    <form
      className="flex w-full items-end gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (value.trim()) void onSave(value.trim());
      }}
    >
      <Field label={t("name")} value={value} maxLength={100} onChange={(event) => setValue(event.target.value)} className="grow" />
      <Button type="submit" disabled={!value.trim()}>
        {app("save")}
      </Button>
      <Button kind="outline" onClick={onCancel}>
        {app("cancel")}
      </Button>
    </form>
  );
}
