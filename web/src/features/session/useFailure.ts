import { useCallback } from "react";
import { useTranslations } from "use-intl";
import { ActionError } from "@/lib/errors";

/** Why something did not work, in words for the person. */
export function useFailure(): (error: unknown) => string {
  const auth = useTranslations("auth");
  const app = useTranslations("app");
  const errors = useTranslations("errors");
  return useCallback(
    (error) => {
      if (!(error instanceof ActionError)) return app("problem");
      if (error.code === "OFFLINE") return auth("offline");
      if (error.code === "SERVICE_UNAVAILABLE" || error.code === "INTERNAL_ERROR") return auth("unavailable");
      if (error.code === "RATE_LIMIT_EXCEEDED") return auth("tooFast", { when: whenOf(error.retryAfter, auth) });
      return errors(worded[error.code] ?? "refused", { message: error.message });
    },
    [auth, app, errors],
  );
}

const worded: Record<string, "forbidden" | "notFound" | "conflict"> = {
  FORBIDDEN: "forbidden",
  NOT_FOUND: "notFound",
  CONFLICT: "conflict",
};

type Auth = ReturnType<typeof useTranslations<"auth">>;

export function whenOf(seconds: number | null, auth: Auth): string {
  if (!seconds) return auth("later");
  return seconds < 60 ? auth("inSeconds", { seconds: Math.ceil(seconds) }) : auth("inMinutes", { minutes: Math.ceil(seconds / 60) });
}
