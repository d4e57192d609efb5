import { useTranslations } from "use-intl";
import { Button } from "./Button";
import { Dialog } from "./Dialog";

type Props = { text: string; label: string; onConfirm: () => void; onClose: () => void };

/** Asks once more before something that cannot be taken back. */
export function Confirm({ text, label, onConfirm, onClose }: Props) {
  const app = useTranslations("app");
  return (
    <Dialog
      title={label}
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
      <p className="text-muted">{text}</p>
    </Dialog>
  );
}
