import { useLiveQuery } from "dexie-react-hooks";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { useFailure } from "@/features/session/useFailure";
import { go } from "@/lib/nav";
import { ActionError, saveProfile } from "@/store/actions";
import type { Account } from "@/store/db";
import { clientConfig, me } from "@/store/queries";
import { Avatar } from "@/ui/Avatar";
import { Button, buttonClass } from "@/ui/Button";
import { Area, Field } from "@/ui/Field";
import { Note } from "@/ui/Notice";
import { OneLine } from "@/ui/OneLine";
import { plainClick } from "@/ui/plainClick";
import { toast } from "@/ui/Toast";
import { changeOf, type ProfileForm, usernameWrong } from "./profileForm";

/** How others see this person. */
export function Profile() {
  const account = useLiveQuery(() => me());
  return account ? <Form key={account.userId} account={account} /> : null;
}

function Form({ account }: { account: Account }) {
  const t = useTranslations("settings");
  const app = useTranslations("app");
  const explain = useFailure();
  const limits = useLiveQuery(() => clientConfig())?.limits;
  const [form, setForm] = useState<ProfileForm>({ name: account.name ?? "", username: account.username ?? "", bio: account.bio ?? "" });
  const [wrong, setWrong] = useState<{ field: string | null; text: string } | null>(null);
  const [busy, setBusy] = useState(false);
  // Who has just come is led on from here.
  const [isNew] = useState(!account.name && !account.username);
  const change = changeOf(form, account);
  const put = (part: Partial<ProfileForm>) => {
    setForm({ ...form, ...part });
    setWrong(null);
  };
  const errorOf = (field: string) => (wrong?.field === field ? wrong.text : null);

  const save = async () => {
    if (usernameWrong(form.username)) return setWrong({ field: "username", text: t("usernameWrong") });
    setBusy(true);
    setWrong(null);
    try {
      await saveProfile(change);
      toast(app("saved"));
    } catch (error) {
      const taken = error instanceof ActionError && error.code === "CONFLICT";
      const field = taken ? "username" : error instanceof ActionError ? error.field : null;
      setWrong({ field, text: taken ? t("usernameTaken") : t("failed", { message: explain(error) }) });
    }
    setBusy(false);
  };

  return (
    <form
      noValidate
      className="rounded-2xl border border-line bg-surface p-5 md:p-7"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <div className="mb-6 flex items-center gap-4">
        <Avatar id={account.userId} name={form.name.trim() || form.username} size="lg" />
        <p className="min-w-0">
          <OneLine text={form.name.trim() || (form.username ? `@${form.username}` : app("you"))} className="text-lg font-semibold" />
          {form.name.trim() && form.username && <OneLine text={`@${form.username}`} className="text-muted" />}
        </p>
      </div>
      <div className="flex flex-col gap-4">
        <Field
          steady
          label={t("name")}
          hint={t("nameHint")}
          error={errorOf("name")}
          autoComplete="name"
          dir="auto"
          maxLength={limits?.nameChars ?? 64}
          value={form.name}
          onChange={(event) => put({ name: event.target.value })}
        />
        <Field
          steady
          label={t("username")}
          hint={t("usernameHint")}
          error={errorOf("username")}
          lead="@"
          dir="ltr"
          autoCapitalize="none"
          autoComplete="username"
          spellCheck={false}
          maxLength={limits?.usernameChars ?? 32}
          value={form.username}
          onChange={(event) => put({ username: event.target.value.toLowerCase() })}
        />
        <Area
          steady
          label={t("bio")}
          hint={t("bioHint")}
          error={errorOf("bio")}
          dir="auto"
          maxLength={limits?.bioChars ?? 280}
          value={form.bio}
          onChange={(event) => put({ bio: event.target.value })}
        />
      </div>
      {wrong && !["name", "username", "bio"].includes(wrong.field ?? "") && (
        <div className="mt-4">
          <Note tone="danger">{wrong.text}</Note>
        </div>
      )}
      <div className="mt-5 flex flex-wrap gap-2">
        <Button type="submit" busy={busy} disabled={Object.keys(change).length === 0}>
          {app("save")}
        </Button>
        {isNew && (
          <a href="/c" className={buttonClass("quiet")} onClick={plainClick(() => go("/c"))}>
            {t("toConversations")}
          </a>
        )}
      </div>
    </form>
  );
}
