import { useTranslations } from "use-intl";
import { canDeleteForEveryone } from "@/features/timeline/actions";
import { removeForEveryone, removeForMe } from "@/store/actions";
import type { MessageView } from "@/store/queries";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";

/** Asks for whom a message is to go. */
export function DeleteDialog({ message, alone, onClose }: { message: MessageView; alone: boolean; onClose: () => void }) {
  const t = useTranslations("message");
  const app = useTranslations("app");
  const everyone = !alone && canDeleteForEveryone(message, Date.now());
  const remove = (from: typeof removeForMe) => {
    void from(message.conversationId, message.id);
    onClose();
  };
  return (
    <Dialog
      title={t("deleteTitle")}
      closeLabel={app("close")}
      onClose={onClose}
      actions={
        <>
          <Button kind="outline" onClick={onClose}>
            {app("cancel")}
          </Button>
          <Button
            kind={everyone ? "outline" : "danger"}
            onClick={() => remove(alone && canDeleteForEveryone(message, Date.now()) ? removeForEveryone : removeForMe)}
          >
            {t("deleteForMe")}
          </Button>
          {everyone && (
            <Button kind="danger" onClick={() => remove(removeForEveryone)}>
              {t("deleteForEveryone")}
            </Button>
          )}
        </>
      }
    >
      <p className="text-muted">{everyone ? t("deleteText") : t("deleteTextMe")}</p>
    </Dialog>
  );
}
