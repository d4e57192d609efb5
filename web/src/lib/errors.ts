/** Why something that needs the server did not work. */
export class ActionError extends Error {
  override name = "ActionError";
  constructor(
    /** A code of the API, or `OFFLINE`: nobody answered. */
    readonly code: string,
    message: string,
    /** The field that is wrong, if one is. */
    readonly field: string | null = null,
    /** Seconds after which it may work. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

/** Whether the same may work later without anybody doing anything. */
export function isPassing(error: unknown): boolean {
  return (
    error instanceof ActionError &&
    ["OFFLINE", "SERVICE_UNAVAILABLE", "RATE_LIMIT_EXCEEDED", "INTERNAL_ERROR", "UNAUTHORIZED"].includes(error.code)
  );
}
