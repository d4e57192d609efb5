import { ArrowLeft, Ban, Bell, ChevronRight, Database, LogOut, MonitorSmartphone, Palette, ShieldCheck, UserRound } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslations } from "use-intl";
import { IconButton } from "@/ui/Button";
import { cx } from "@/ui/cx";
import { plainClick } from "@/ui/plainClick";
import { Appearance } from "./Appearance";
import { Blocked } from "./Blocked";
import { Devices } from "./Devices";
import { LogOutDialog } from "./LogOutDialog";
import { Notifications } from "./Notifications";
import { Privacy } from "./Privacy";
import { Profile } from "./Profile";
import { Storage } from "./Storage";

const pages = {
  profile: { Icon: UserRound, View: Profile },
  devices: { Icon: MonitorSmartphone, View: Devices },
  privacy: { Icon: ShieldCheck, View: Privacy },
  blocked: { Icon: Ban, View: Blocked },
  appearance: { Icon: Palette, View: Appearance },
  notifications: { Icon: Bell, View: Notifications },
  storage: { Icon: Database, View: Storage },
} as const;

type Page = keyof typeof pages;
type Props = { path: string; onPage: (page?: string) => void; onBack: (to: string) => void };

/** The settings: their pages on the left, the one that the address names on the right; on a phone one of the two. */
export function SettingsView({ path, onPage, onBack }: Props) {
  const t = useTranslations("settings");
  const app = useTranslations("app");
  const [leaving, setLeaving] = useState(false);
  const named = path.split("/")[2];
  const page = named && named in pages ? (named as Page) : null;
  // Where there is room for both, a page is always shown.
  const shown = page ?? "profile";
  const { View } = pages[shown];
  return (
    <main className="flex h-dvh overflow-hidden bg-surface">
      <h1 className="sr-only">{t("title")}</h1>
      <nav
        aria-label={t("title")}
        data-region
        className={cx(
          "w-full shrink-0 flex-col border-e border-line bg-surface md:flex md:w-[21.5rem] xl:w-[24rem]",
          page ? "hidden" : "flex",
        )}
      >
        <header className="flex h-16 shrink-0 items-center gap-1 px-2">
          <IconButton label={app("back")} onClick={() => onBack("/c")}>
            <ArrowLeft aria-hidden="true" className="size-5.5 rtl:-scale-x-100" />
          </IconButton>
          <h2 className="grow text-xl font-semibold tracking-tight">{t("title")}</h2>
        </header>
        <ul className="px-2">
          {(Object.keys(pages) as Page[]).map((name) => {
            const { Icon } = pages[name];
            return (
              <li key={name}>
                <a
                  href={`/settings/${name}`}
                  aria-current={page === name ? "page" : undefined}
                  onClick={plainClick(() => onPage(name))}
                  className={cx(
                    "flex min-h-13 items-center gap-4 rounded-xl px-3.5",
                    shown === name ? "md:bg-accent-soft md:text-accent-text" : "",
                    "hover:bg-hover",
                  )}
                >
                  <Icon aria-hidden="true" className="size-5 shrink-0" />
                  <span className="grow">{t(name)}</span>
                  <ChevronRight aria-hidden="true" className="size-4.5 text-muted md:hidden rtl:-scale-x-100" />
                </a>
              </li>
            );
          })}
          <li className="mt-2 border-t border-line pt-2">
            <button
              type="button"
              onClick={() => setLeaving(true)}
              className="flex min-h-13 w-full items-center gap-4 rounded-xl px-3.5 text-danger-text hover:bg-hover"
            >
              <LogOut aria-hidden="true" className="size-5 shrink-0 rtl:-scale-x-100" />
              {t("logOut")}
            </button>
          </li>
        </ul>
      </nav>
      <div className={cx("paper min-w-0 grow flex-col md:flex", page ? "flex" : "hidden")} data-region>
        <header className="flex h-16 shrink-0 items-center gap-1 border-b border-line bg-surface px-2 md:px-8">
          <IconButton label={app("back")} className="md:hidden" onClick={() => onBack("/settings")}>
            <ArrowLeft aria-hidden="true" className="size-5.5 rtl:-scale-x-100" />
          </IconButton>
          <h2 className="text-lg font-semibold">{t(shown)}</h2>
        </header>
        <div className="min-h-0 grow overflow-y-auto">
          <div key={shown} className="mx-auto w-full max-w-2xl px-4 py-6 md:px-8">
            <View />
          </div>
        </div>
      </div>
      {leaving && <LogOutDialog onClose={() => setLeaving(false)} />}
    </main>
  );
}

export type SettingsPage = () => ReactNode;
