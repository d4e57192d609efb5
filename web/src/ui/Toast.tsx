"use client";
import { useEffect } from "react";
import { create } from "zustand";

export type ToastData = { id: number; text: string; action?: { label: string; run: () => void } };

type Toasts = {
  shown: ToastData[];
  show: (text: string, action?: ToastData["action"]) => void;
  drop: (id: number) => void;
};

let last = 0;
/** No more than these are on screen; the oldest goes first. */
const most = 3;

export const useToasts = create<Toasts>((set) => ({
  shown: [],
  show: (text, action) =>
    set(({ shown }) => {
      last += 1;
      return { shown: [...shown, { id: last, text, action }].slice(-most) };
    }),
  drop: (id) => set(({ shown }) => ({ shown: shown.filter((toast) => toast.id !== id) })),
}));

/** Says something for a few seconds at the foot of the page. */
export function toast(text: string, action?: ToastData["action"]): void {
  useToasts.getState().show(text, action);
}

export function Toasts() {
  const shown = useToasts((state) => state.shown);
  return (
    <div role="status" className="pointer-events-none fixed inset-x-0 bottom-20 z-50 flex flex-col items-center gap-2 px-4 md:bottom-6">
      {shown.map((data) => (
        <Toast key={data.id} data={data} />
      ))}
    </div>
  );
}

function Toast({ data }: { data: ToastData }) {
  const drop = useToasts((state) => state.drop);
  useEffect(() => {
    // Whoever can act on it gets longer to do so.
    const timer = setTimeout(() => drop(data.id), data.action ? 8000 : 4000);
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
