import { useMemo } from "react";
import { useLocale, useTimeZone, useTranslations } from "use-intl";

type Zone = { locale: string; timeZone?: string };

/** Days between two times on the reader's calendar: 0 for the same day, 1 for the day before, and so on. */
export function daysAgo(time: string, now: number, timeZone?: string): number {
  const day = (at: number | string) => Date.parse(`${dayOf(at, timeZone)}T00:00:00Z`);
  return Math.round((day(now) - day(time)) / 86_400_000);
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Making a format is slow, and a list wants the same one for each row. */
function format({ locale, timeZone }: Zone, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale}|${timeZone}|${JSON.stringify(options)}`;
  const known = formats.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(locale, { ...options, timeZone });
  formats.set(key, made);
  return made;
}

/** The calendar day of a time, as `2026-11-27`. */
export function dayOf(time: number | string, timeZone?: string): string {
  return format({ locale: "en-CA", timeZone }, { year: "numeric", month: "2-digit", day: "2-digit" }).format(new Date(time));
}

/** Times in the words of the reader's language. */
export function useWhen() {
  const locale = useLocale();
  const timeZone = useTimeZone();
  const t = useTranslations("conversation");
  return useMemo(() => {
    const zone = { locale, timeZone };
    const clock = (time: string) => format(zone, { hour: "2-digit", minute: "2-digit" }).format(new Date(time));
    const day = (time: string) => {
      const ago = daysAgo(time, Date.now(), timeZone);
      if (ago === 0) return t("today");
      if (ago === 1) return t("yesterday");
      if (ago > 1 && ago < 7) return format(zone, { weekday: "long" }).format(new Date(time));
      return format(zone, { day: "numeric", month: "long", year: "numeric" }).format(new Date(time));
    };
    /** As short as a list needs it: the time today, the weekday this week, else the date. */
    const brief = (time: string) => {
      const ago = daysAgo(time, Date.now(), timeZone);
      if (ago === 0) return clock(time);
      if (ago === 1) return t("yesterday");
      if (ago > 1 && ago < 7) return format(zone, { weekday: "short" }).format(new Date(time));
      return format(zone, { dateStyle: "short" }).format(new Date(time));
    };
    const full = (time: string) => format(zone, { dateStyle: "full", timeStyle: "short" }).format(new Date(time));
    /** Within a sentence. */
    const spoken = (time: string) => {
      const ago = daysAgo(time, Date.now(), timeZone);
      if (ago === 0) return t("todayAt", { time: clock(time) });
      if (ago === 1) return t("yesterdayAt", { time: clock(time) });
      return t("dayAt", { day: day(time), time: clock(time) });
    };
    return { clock, day, brief, full, spoken };
  }, [locale, timeZone, t]);
}
