import { useState } from "react";
import { useTranslations } from "use-intl";
import { useFailure, whenOf } from "@/features/session/useFailure";
import { type Challenge, requestCode, verifyCode } from "@/net/session";
import { ActionError } from "@/lib/errors";

const kept = "restante.challenge";

/** The challenge outlives a reload of the page, not the tab. */
export function keptChallenge(): Challenge | null {
  try {
    const stored = JSON.parse(sessionStorage.getItem(kept) ?? "null") as Challenge | null;
    return stored && typeof stored.challenge === "string" && stored.expiresAt > Date.now() ? stored : null;
  } catch {
    return null;
  }
}

export function keepChallenge(challenge: Challenge | null): void {
  if (challenge) sessionStorage.setItem(kept, JSON.stringify(challenge));
  else sessionStorage.removeItem(kept);
}

/** Not more than what every address has: the server knows the rest. */
export function looksLikeMail(text: string): boolean {
  return /^[^\s@]+@[^\s@]+$/u.test(text);
}

/** Asks for a code, and says what is wrong in words. */
export function useRequestCode() {
  const auth = useTranslations("auth");
  const explain = useFailure();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const request = async (email: string): Promise<Challenge | null> => {
    const address = email.trim();
    const wrong = address ? (looksLikeMail(address) ? null : auth("emailWrong")) : auth("emailMissing");
    setError(wrong);
    if (wrong) return null;
    setBusy(true);
    try {
      const challenge = await requestCode(address);
      keepChallenge(challenge);
      return challenge;
    } catch (failure) {
      setError(wordsOf(failure, auth, explain));
      return null;
    } finally {
      setBusy(false);
    }
  };
  return { request, busy, error, setError };
}

type Auth = ReturnType<typeof useTranslations<"auth">>;

function wordsOf(failure: unknown, auth: Auth, explain: (error: unknown) => string): string {
  if (failure instanceof ActionError && failure.code === "RATE_LIMIT_EXCEEDED")
    return auth("tooMany", { when: whenOf(failure.retryAfter, auth) });
  if (failure instanceof ActionError && failure.code === "VALIDATION_ERROR") return auth("emailWrong");
  return explain(failure);
}

/** Checks a code; a wrong one can be tried again, a dead challenge cannot. */
export function useVerifyCode() {
  const auth = useTranslations("auth");
  const explain = useFailure();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const verify = async (challenge: Challenge, otp: string): Promise<{ isNewUser: boolean } | null> => {
    setBusy(true);
    setError(null);
    try {
      const done = await verifyCode(challenge, otp);
      keepChallenge(null);
      return done;
    } catch (failure) {
      const field = failure instanceof ActionError ? failure.field : null;
      if (field === "otp") setError(auth("wrongCode"));
      else if (field === "challenge") setError(auth("expiredCode"));
      else setError(wordsOf(failure, auth, explain));
      setBusy(false);
      return null;
    }
  };
  return { verify, busy, error, setError };
}
