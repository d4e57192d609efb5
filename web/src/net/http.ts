/** One request, one answer, one sort of error. Knows nothing of tokens. */
import { ActionError } from "@/lib/errors";
import type { WireError } from "./events";

/** How long an answer may take, in milliseconds. */
const patience = 20_000;

export type Request = { method: string; path: string; body?: unknown; token?: string; idempotencyKey?: string };

export async function request({ method, path, body, token, idempotencyKey }: Request): Promise<unknown> {
  const headers = new Headers({ accept: "application/json" });
  if (body !== undefined) headers.set("content-type", "application/json");
  if (token) headers.set("authorization", `Bearer ${token}`);
  if (idempotencyKey) headers.set("idempotency-key", idempotencyKey);
  const answer = await reach(new URL(path, globalThis.location.origin), {
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(body),
    signal: AbortSignal.timeout(patience),
    cache: "no-store",
  });
  if (answer.status === 204) return undefined;
  const said = await answer.json().catch(() => null);
  if (answer.ok && said !== null) return said;
  throw refusal(answer, (said as { error?: WireError } | null)?.error);
}

async function reach(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch {
    throw new ActionError("OFFLINE", "the server did not answer");
  }
}

function refusal(answer: Response, error: WireError | undefined): ActionError {
  // A gateway says this while nobody is behind it.
  if (!error) return new ActionError(answer.status >= 500 ? "SERVICE_UNAVAILABLE" : "INTERNAL_ERROR", `status ${answer.status}`);
  return wireError(error);
}

export function wireError({ code, message, details, retryAfter }: WireError): ActionError {
  return new ActionError(code, message, details?.[0]?.field ?? null, retryAfter ?? null);
}
