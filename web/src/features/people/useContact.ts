import { useLiveQuery } from "dexie-react-hooks";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { useFailure } from "@/features/session/useFailure";
import type { ContactRow } from "@/store/db";
import { contactState, contactStates } from "@/store/queries";

export type ContactState = ContactRow["state"] | null;

/** What somebody is to this person; undefined while that is being read. */
export function useContact(userId: string | undefined): ContactState | undefined {
  return useLiveQuery(async () => (userId ? contactState(userId) : null), [userId]);
}

/** What everybody is to this person. */
export function useContacts(): ReadonlyMap<string, ContactRow["state"]> {
  return useLiveQuery(() => contactStates()) ?? nobody;
}

const nobody: ReadonlyMap<string, ContactRow["state"]> = new Map();

/** Does one thing at a time that needs the server, and says why it did not work. */
export function useAttempt(): { busy: boolean; failure: string | null; attempt: (run: () => Promise<void>) => Promise<void> } {
  const t = useTranslations("contacts");
  const explain = useFailure();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const attempt = async (run: () => Promise<void>) => {
    setBusy(true);
    setFailure(null);
    try {
      await run();
    } catch (error) {
      setFailure(t("failed", { message: explain(error) }));
    }
    setBusy(false);
  };
  return { busy, failure, attempt };
}
