import { Laptop, Smartphone } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { useFailure } from "@/features/session/useFailure";
import { type DeviceView, endSession, forgetDevice, loadDevices, loadSessions, type SessionView } from "@/store/actions";
import { Button } from "@/ui/Button";
import { Confirm } from "@/ui/Confirm";
import { Note } from "@/ui/Notice";
import { Spinner } from "@/ui/Spinner";
import { useWhen } from "@/ui/when";
import { Section } from "./Section";

type Loaded = { devices: DeviceView[]; sessions: SessionView[] };
type Asked = { title: string; text: string; label: string; run: () => Promise<void> };

/** Which devices messages wait for, and where this person is logged in. */
export function Devices() {
  const t = useTranslations("settings");
  const app = useTranslations("app");
  const explain = useFailure();
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [asked, setAsked] = useState<Asked | null>(null);

  const load = useCallback(async () => {
    setFailure(null);
    try {
      const [devices, sessions] = await Promise.all([loadDevices(), loadSessions()]);
      setLoaded({ devices, sessions });
    } catch (error) {
      setFailure(t("loadFailed", { message: explain(error) }));
    }
  }, [t, explain]);
  useEffect(() => void load(), [load]);

  const attempt = async (run: () => Promise<void>) => {
    setAsked(null);
    try {
      await run();
      await load();
    } catch (error) {
      setFailure(t("failed", { message: explain(error) }));
    }
  };

  return (
    <>
      {failure && (
        <div className="mb-4 flex flex-col items-start gap-2">
          <Note tone="danger">{failure}</Note>
          <Button kind="outline" onClick={() => void load()}>
            {app("retry")}
          </Button>
        </div>
      )}
      {!loaded && !failure && (
        <p className="flex items-center gap-3 py-8 text-muted">
          <Spinner />
          {app("loading")}
        </p>
      )}
      {loaded && (
        <>
          <Section title={t("otherDevices")} hint={t("devicesHint")}>
            {inOrder(loaded.devices).map((device) => (
              <Device
                key={device.id}
                device={device}
                onForget={() =>
                  setAsked({
                    title: t("forgetAsk", { name: device.name }),
                    text: t("forgetConfirm"),
                    label: t("forgetDevice"),
                    run: () => forgetDevice(device.id),
                  })
                }
              />
            ))}
          </Section>
          <Section title={t("sessions")}>
            {inOrder(loaded.sessions).map((session) => {
              const name = loaded.devices.find((device) => device.id === session.deviceId)?.name ?? t("unknownDevice");
              return (
                <Session
                  key={session.id}
                  name={name}
                  session={session}
                  onEnd={() =>
                    setAsked({
                      title: t("logOutAsk", { name }),
                      text: t("logOutConfirm"),
                      label: t("logOutDevice"),
                      run: () => endSession(session.id),
                    })
                  }
                />
              );
            })}
          </Section>
        </>
      )}
      {asked && (
        <Confirm
          title={asked.title}
          text={asked.text}
          label={asked.label}
          onClose={() => setAsked(null)}
          onConfirm={() => void attempt(asked.run)}
        />
      )}
    </>
  );
}

/** What is used now comes first. */
function inOrder<T extends { current: boolean }>(all: readonly T[]): T[] {
  return [...all].sort((a, b) => Number(b.current) - Number(a.current));
}

function Device({ device, onForget }: { device: DeviceView; onForget: () => void }) {
  const t = useTranslations("settings");
  const { spoken } = useWhen();
  const Icon = /ios|android|phone|mobile/iu.test(`${device.platform} ${device.name}`) ? Smartphone : Laptop;
  return (
    <div className="flex min-h-18 items-center gap-4 px-4 py-3">
      <Icon aria-hidden="true" className="size-6 shrink-0 text-muted" />
      <div className="min-w-0 grow">
        <p className="truncate font-medium">{device.name}</p>
        <p className="text-sm text-muted">{device.current ? t("thisDevice") : t("lastActive", { when: spoken(device.lastSeenAt) })}</p>
      </div>
      {!device.current && (
        <Button kind="quiet" className="px-3 text-danger-text" aria-label={`${t("forgetDevice")}: ${device.name}`} onClick={onForget}>
          {t("forgetDevice")}
        </Button>
      )}
    </div>
  );
}

function Session({ name, session, onEnd }: { name: string; session: SessionView; onEnd: () => void }) {
  const t = useTranslations("settings");
  const { spoken } = useWhen();
  return (
    <div className="flex min-h-18 items-center gap-4 px-4 py-3">
      <div className="min-w-0 grow">
        <p className="truncate font-medium">
          {name}
          {session.current && (
            <span className="ms-2 rounded-full bg-accent-soft px-2 py-0.5 text-xs text-accent-text">{t("thisDevice")}</span>
          )}
        </p>
        <p className="text-sm text-muted">{t("signedIn", { when: spoken(session.createdAt) })}</p>
      </div>
      {!session.current && (
        <Button kind="quiet" className="px-3" aria-label={`${t("logOutDevice")}: ${name}`} onClick={onEnd}>
          {t("logOutDevice")}
        </Button>
      )}
    </div>
  );
}
