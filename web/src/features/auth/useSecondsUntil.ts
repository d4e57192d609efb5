import { useEffect, useState } from "react";

/** Whole seconds until a time, counted down; 0 when it has come or is not known. */
export function useSecondsUntil(time: number | null): number {
  const [now, setNow] = useState<number | null>(null);
  const left = time === null || now === null ? 0 : Math.max(0, Math.ceil((time - now) / 1000));
  useEffect(() => setNow(time === null ? null : Date.now()), [time]);
  useEffect(() => {
    if (left <= 0) return;
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [left]);
  return left;
}
