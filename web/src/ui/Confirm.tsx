import { useTranslations } from "use-intl";
import { Button } from "./Button";
import { Dialog } from "./Dialog";

type Props = { title: string; text?: string; label: string; onConfirm: () => void; onClose: () => void };

/** Asks once more before something that cannot be taken back. */
export function Confirm({ title, text, label, onConfirm, onClose }: Props) {
  const app = useTranslations("app");
  return (
    <Dialog
      title={title}
      closeLabel={app("close")}
      onClose={onClose}
      actions={
        <>
          <Button kind="outline" onClick={onClose}>
            {app("cancel")}
          </Button>
          <Button kind="danger" onClick={onConfirm}>
            {label}
          </Button>
        </>
      }
    >
      {text && <p className="text-muted">{text}</p>}
    </Dialog>
  );
}
