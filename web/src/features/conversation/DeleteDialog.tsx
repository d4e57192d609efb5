import { useTranslations } from "use-intl";
import { canDeleteForEveryone } from "@/features/timeline/actions";
import { removeForEveryone, removeForMe, removeNote, takeBackFor, takeBackRemoval } from "@/store/actions";
import type { MessageView } from "@/store/queries";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { toast } from "@/ui/Toast";

/** Asks for whom a message is to go. */
export function DeleteDialog({ message, alone, onClose }: { message: MessageView; alone: boolean; onClose: () => void }) {
  const t = useTranslations("message");
  const app = useTranslations("app");
  const everyone = !alone && canDeleteForEveryone(message, Date.now());
  const { conversationId, id } = message;
  const forMe = async () => {
    onClose();
    const remove = alone && canDeleteForEveryone(message, Date.now()) ? removeNote : removeForMe;
    const removal = await remove(conversationId, id);
    toast(t("deletedForMe"), { label: app("undo"), run: () => void takeBackRemoval(removal) }, takeBackFor);
  };
  const forEveryone = () => {
    onClose();
    void removeForEveryone(conversationId, id);
  };
  return (
    <Dialog
      title={t("deleteTitle")}
      closeLabel={app("close")}
      onClose={onClose}
      actions={
        // Three do not fit beside each other in every language.
        <div className={everyone ? "flex w-full flex-col gap-2" : "flex flex-wrap justify-end gap-2"}>
          {everyone && (
            <Button wide kind="danger" onClick={forEveryone}>
              {t("deleteForEveryone")}
            </Button>
          )}
          <Button wide={everyone} kind={everyone ? "outline" : "danger"} onClick={() => void forMe()}>
            {t("deleteForMe")}
          </Button>
          <Button wide={everyone} kind={everyone ? "quiet" : "outline"} onClick={onClose} className={everyone ? undefined : "-order-1"}>
            {app("cancel")}
          </Button>
        </div>
      }
    >
      <p className="text-muted">{everyone ? t("deleteText") : t("deleteTextMe")}</p>
    </Dialog>
  );
}
