/** Calls to the REST interface, typed by `api.d.ts`, with a token that is refreshed when it has to be. */
import { ActionError } from "@/lib/errors";
import type { Store } from "@/store/db";
import type { paths } from "./api.d";
import { request } from "./http";
import { accessToken } from "./token";

export type Method = "get" | "post" | "put" | "patch" | "delete";
export type PathsWith<M extends Method> = { [P in keyof paths]: paths[P][M] extends { responses: unknown } ? P : never }[keyof paths];
type Operation<P extends keyof paths, M extends Method> = NonNullable<paths[P][M]>;
type Json<T> = T extends { content: { "application/json": infer J } } ? J : undefined;
type Good = 200 | 201 | 202 | 204;
export type Answered<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { responses: infer R } ? Json<R[keyof R & Good]> : never;
type Body<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { requestBody: { content: { "application/json": infer B } } } ? B : undefined;
type Parameters<P extends keyof paths, M extends Method, In extends "path" | "query"> =
  Operation<P, M> extends { parameters: infer A } ? (In extends keyof A ? A[In] : undefined) : undefined;

export type CallOptions<P extends keyof paths, M extends Method> = {
  path?: Parameters<P, M, "path">;
  query?: Parameters<P, M, "query">;
  body?: Body<P, M>;
  idempotencyKey?: string;
};

export async function call<M extends Method, P extends PathsWith<M>>(
  db: Store,
  method: M,
  template: P,
  options: CallOptions<P, M> = {},
): Promise<Answered<P, M>> {
  const path =
    fill(template, options.path as Record<string, string> | undefined) + queryOf(options.query as Record<string, unknown> | undefined);
  const { body, idempotencyKey } = options;
  const send = (token: string) =>
    request({ method: method.toUpperCase(), path, body, token, ...(idempotencyKey ? { idempotencyKey } : {}) });
  const token = await accessToken(db);
  try {
    return (await send(token)) as Answered<P, M>;
  } catch (error) {
    if (!(error instanceof ActionError) || error.code !== "UNAUTHORIZED") throw error;
    return (await send(await accessToken(db, { not: token }))) as Answered<P, M>;
  }
}

function fill(template: string, values: Record<string, string> = {}): string {
  return template.replace(/\{(\w+)\}/gu, (_, name: string) => encodeURIComponent(values[name] ?? ""));
}

function queryOf(values: Record<string, unknown> = {}): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  return given.length === 0 ? "" : `?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]))}`;
}
