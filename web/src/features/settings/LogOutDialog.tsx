import { useLiveQuery } from "dexie-react-hooks";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { logOut } from "@/net/session";
import { outboxCounts } from "@/store/queries";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Note } from "@/ui/Notice";

/** Says what is lost before this browser forgets everything. */
export function LogOutDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations("settings");
  const app = useTranslations("app");
  const [busy, setBusy] = useState(false);
  const counts = useLiveQuery(() => outboxCounts());
  const unsent = counts ? counts.waiting + counts.failed : 0;
  return (
    <Dialog
      title={t("logOutHere")}
      closeLabel={app("close")}
      onClose={onClose}
      actions={
        <>
          <Button kind="outline" onClick={onClose}>
            {app("cancel")}
          </Button>
          <Button
            kind="danger"
            busy={busy}
            onClick={() => {
              setBusy(true);
              void logOut();
            }}
          >
            {t("logOutDevice")}
          </Button>
        </>
      }
    >
      <p className="text-muted">{t("logOutText")}</p>
      {unsent > 0 && (
        <div className="mt-4">
          <Note tone="danger">{t("unsent", { count: unsent })}</Note>
        </div>
      )}
    </Dialog>
  );
}
