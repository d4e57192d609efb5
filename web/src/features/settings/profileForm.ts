import type { Account } from "@/store/db";

export type ProfileForm = { name: string; username: string; bio: string };

/** What is different; an emptied field is cleared. */
export function changeOf(
  form: ProfileForm,
  account: Pick<Account, "name" | "username" | "bio">,
): Partial<Record<keyof ProfileForm, string | null>> {
  const change: Partial<Record<keyof ProfileForm, string | null>> = {};
  for (const field of ["name", "username", "bio"] as const) {
    const value = form[field].trim() || null;
    if (value !== account[field]) change[field] = value;
  }
  return change;
}

/** The server's rule, so that it need not be asked: 3 to 32 of a-z, 0-9, _ and a full stop; nothing clears it. */
export function usernameWrong(username: string): boolean {
  const value = username.trim();
  return value !== "" && !/^[a-z0-9_.]{3,32}$/u.test(value);
}
