import { useLiveQuery } from "dexie-react-hooks";
import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { useFailure } from "@/features/session/useFailure";
import { loadSettings, saveSettings } from "@/store/actions";
import type { Settings } from "@/store/db";
import { settings } from "@/store/queries";
import { Choice } from "@/ui/Choice";
import { Note } from "@/ui/Notice";
import { Switch } from "@/ui/Switch";
import { Section } from "./Section";

/** What others may know; kept by the server, so it holds on all devices. */
export function Privacy() {
  const t = useTranslations("settings");
  const explain = useFailure();
  const stored = useLiveQuery(() => settings());
  /** What was just chosen, until the store says the same. */
  const [chosen, setChosen] = useState<Partial<Settings>>({});
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    loadSettings().catch((error: unknown) => setFailure(t("loadFailed", { message: explain(error) })));
  }, [t, explain]);

  const save = async (change: Partial<Settings>) => {
    setFailure(null);
    setChosen((now) => ({ ...now, ...change }));
    try {
      await saveSettings(change);
    } catch (error) {
      setFailure(t("failed", { message: explain(error) }));
    }
    setChosen({});
  };

  const shown = { ...stored, ...chosen };
  const rows = [
    { key: "readReceipts", label: t("receipts"), hint: t("receiptsHint") },
    { key: "lastSeen", label: t("lastSeen"), hint: t("lastSeenHint") },
    { key: "discoverableByMail", label: t("byMail"), hint: t("byMailHint") },
  ] as const;
  return (
    <>
      {failure && (
        <div className="mb-4">
          <Note tone="danger">{failure}</Note>
        </div>
      )}
      <Section>
        {rows.map(({ key, label, hint }) => (
          <Switch
            key={key}
            label={label}
            hint={hint}
            disabled={!stored}
            checked={shown[key] ?? false}
            onChange={(on) => void save({ [key]: on })}
          />
        ))}
      </Section>
      <Section hint={t("mayMessageHint")}>
        <Choice
          label={t("mayMessage")}
          disabled={!stored}
          value={shown.whoMayMessageMe ?? "everyone"}
          options={[
            { value: "everyone", label: t("everyone") },
            { value: "contacts", label: t("contacts") },
            { value: "nobody", label: t("nobody") },
          ]}
          onChange={(whoMayMessageMe) => void save({ whoMayMessageMe })}
        />
      </Section>
    </>
  );
}
