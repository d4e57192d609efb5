import { useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { Button } from "@/ui/Button";
import { Field } from "@/ui/Field";

type Props = { title: string; onSave: (title: string) => Promise<void>; onCancel: () => void };

/** Another name for a group. */
export function RenameForm({ title, onSave, onCancel }: Props) {
  const t = useTranslations("group");
  const app = useTranslations("app");
  const [value, setValue] = useState(title);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.select(), []);
  return (
    <form
      className="flex w-full flex-wrap justify-end gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (value.trim()) void onSave(value.trim());
      }}
    >
      <Field
        ref={field}
        label={t("name")}
        dir="auto"
        value={value}
        maxLength={100}
        onChange={(event) => setValue(event.target.value)}
        className="w-full"
      />
      <Button kind="outline" onClick={onCancel}>
        {app("cancel")}
      </Button>
      <Button type="submit" disabled={!value.trim()}>
        {app("save")}
      </Button>
    </form>
  );
}
