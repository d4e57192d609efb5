"use client";
import { useEffect } from "react";
import { create } from "zustand";

export type ToastData = { id: number; text: string; action?: { label: string; run: () => void }; forMs: number };

type Toasts = {
  shown: ToastData[];
  show: (text: string, action?: ToastData["action"], forMs?: number) => void;
  drop: (id: number) => void;
};

let last = 0;
/** No more than these are on screen; the oldest goes first. */
const most = 3;

export const useToasts = create<Toasts>((set) => ({
  shown: [],
  // Whoever can act on it gets longer to do so.
  show: (text, action, forMs = action ? 8000 : 4000) =>
    set(({ shown }) => {
      last += 1;
      return { shown: [...shown, { id: last, text, action, forMs }].slice(-most) };
    }),
  drop: (id) => set(({ shown }) => ({ shown: shown.filter((toast) => toast.id !== id) })),
}));

/** Says something for a few seconds at the foot of the page. */
export function toast(text: string, action?: ToastData["action"], forMs?: number): void {
  useToasts.getState().show(text, action, forMs);
}

export function Toasts() {
  const shown = useToasts((state) => state.shown);
  return (
    <div role="status" className="pointer-events-none fixed inset-x-0 bottom-20 z-50 flex flex-col items-center gap-2 px-4">
      {shown.map((data) => (
        <Toast key={data.id} data={data} />
      ))}
    </div>
  );
}

function Toast({ data }: { data: ToastData }) {
  const drop = useToasts((state) => state.drop);
  useEffect(() => {
    const timer = setTimeout(() => drop(data.id), data.forMs);
    return () => clearTimeout(timer);
  }, [data, drop]);
  return (
    <div className="pointer-events-auto flex min-h-11 max-w-md items-center gap-3 rounded-xl bg-inverse px-4 py-2 text-sm text-on-inverse shadow-pop">
      <span>{data.text}</span>
      {data.action && (
        <button
          type="button"
          className="min-h-8 rounded-md px-2 font-semibold underline underline-offset-2"
          onClick={() => {
            data.action?.run();
            drop(data.id);
          }}
        >
          {data.action.label}
        </button>
      )}
    </div>
  );
}
