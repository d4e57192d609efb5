"use client";
import { useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import type { Challenge } from "@/net/session";
import { Button } from "@/ui/Button";
import { toast } from "@/ui/Toast";
import { AuthFrame } from "./AuthFrame";
import { CodeField, codeLength } from "./CodeField";
import { keptChallenge, useRequestCode, useVerifyCode } from "./useLogIn";
import { useSecondsUntil } from "./useSecondsUntil";

type Props = { onIn: (isNewUser: boolean) => void; onBack: () => void };

/** Second step: the code from the mail. */
export function VerifyView({ onIn, onBack }: Props) {
  const t = useTranslations("auth");
  const [challenge, setChallenge] = useState<Challenge | null>(null);
  const [code, setCode] = useState("");
  const { verify, busy, error, setError } = useVerifyCode();
  const field = useRef<HTMLInputElement>(null);

  // Read in the browser only: the page is built without it.
  useEffect(() => {
    const stored = keptChallenge();
    if (stored) setChallenge(stored);
    else onBack();
    field.current?.focus();
  }, [onBack]);

  const check = async (digits: string) => {
    if (!challenge || busy || digits.length < codeLength) return;
    const done = await verify(challenge, digits);
    if (done) return onIn(done.isNewUser);
    setCode("");
    field.current?.focus();
  };

  return (
    <AuthFrame
      title={t("verifyTitle")}
      lead={
        challenge
          ? t.rich("verifyLead", {
              email: () => <bdi className="inline-block max-w-full font-medium break-words text-ink">{challenge.email}</bdi>,
            })
          : t("verifyLeadPlain")
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void check(code);
        }}
      >
        <CodeField
          ref={field}
          label={t("code")}
          value={code}
          error={error}
          onValue={(digits) => {
            setCode(digits);
            if (digits) setError(null);
            void check(digits);
          }}
        />
        <Button type="submit" wide busy={busy} disabled={code.length < codeLength}>
          {t("check")}
        </Button>
      </form>
      <Resend
        challenge={challenge}
        onSent={(next) => {
          setChallenge(next);
          setError(null);
          setCode("");
          field.current?.focus();
        }}
      />
      <Button kind="quiet" wide onClick={onBack}>
        {t("changeEmail")}
      </Button>
    </AuthFrame>
  );
}

function Resend({ challenge, onSent }: { challenge: Challenge | null; onSent: (challenge: Challenge) => void }) {
  const t = useTranslations("auth");
  const wait = useSecondsUntil(challenge?.resendAt ?? null);
  const { request, busy, error } = useRequestCode();
  const again = async () => {
    if (!challenge) return;
    const next = await request(challenge.email);
    if (!next) return;
    toast(t("resent"));
    onSent(next);
  };
  return (
    <div className="mt-3">
      <Button kind="quiet" wide busy={busy} disabled={wait > 0 || !challenge} onClick={() => void again()}>
        <span className="tabular-nums">{wait > 0 ? t("resendIn", { seconds: wait }) : t("resend")}</span>
      </Button>
      {error && (
        <p role="alert" className="px-4 pb-2 text-center text-sm text-danger-text">
          {error}
        </p>
      )}
    </div>
  );
}
