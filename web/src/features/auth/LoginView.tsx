"use client";
import { useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { useConnection } from "@/features/session/useConnection";
import { Button } from "@/ui/Button";
import { Field } from "@/ui/Field";
import { Note } from "@/ui/Notice";
import { AuthFrame } from "./AuthFrame";
import { useRequestCode } from "./useLogIn";

/** First step: the mail address. `onSent` leads on to the code, `onIn` to the client for who is logged in already. */
export function LoginView({ onSent, onIn }: { onSent: () => void; onIn: () => void }) {
  const t = useTranslations("auth");
  const { phase } = useConnection();
  const [email, setEmail] = useState("");
  const { request, busy, error, setError } = useRequestCode();
  const field = useRef<HTMLInputElement>(null);
  const inside = phase === "connecting" || phase === "syncing" || phase === "online";
  useEffect(() => {
    if (inside) onIn();
  }, [inside, onIn]);

  const submit = async () => {
    if (await request(email)) onSent();
    else field.current?.focus();
  };
  return (
    <AuthFrame title={t("loginTitle")} lead={t("loginLead")}>
      {phase === "expired" && (
        <div className="mb-5">
          <Note>{t("loggedOut")}</Note>
        </div>
      )}
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Field
          ref={field}
          steady
          type="email"
          name="email"
          autoComplete="email"
          inputMode="email"
          autoCapitalize="none"
          spellCheck={false}
          dir="ltr"
          label={t("email")}
          hint={t("emailHint")}
          error={error}
          value={email}
          onChange={(event) => {
            setEmail(event.target.value);
            setError(null);
          }}
        />
        <Button type="submit" wide busy={busy} className="mt-5">
          {t("sendCode")}
        </Button>
      </form>
    </AuthFrame>
  );
}
