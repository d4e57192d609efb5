/** How a connection ended. `unauthorized`: the token is not taken any more. `stale`: the store was changed by somebody else. */
export type End =
  | { why: "closed" | "lost" | "stale" | "unauthorized" }
  | { why: "draining"; seconds: number }
  | { why: "refused"; code: string; seconds: number | null }
  | { why: "storage"; error: unknown };

export function endOf(answer: { ok: false; error: { code: string; retryAfter?: number | null } } | { ok: true } | null): End {
  if (!answer || answer.ok) return { why: "lost" };
  if (answer.error.code === "UNAUTHORIZED") return { why: "unauthorized" };
  return { why: "refused", code: answer.error.code, seconds: answer.error.retryAfter ?? null };
}
