"use client";
import type { ReactNode } from "react";
import { buttonClass } from "@/ui/Button";
import { cx } from "@/ui/cx";
import { Logo } from "@/ui/Logo";
import { CloudOff, MailCheck, Server } from "./icons";
import { useLandingWords } from "./useLandingWords";

/** What stands at `/`, for who is logged in and who is not. */
export function Landing() {
  const words = useLandingWords();
  return (
    <div className="paper flex min-h-dvh flex-col">
      <header className="mx-auto flex w-full max-w-6xl items-center gap-3 px-5 py-4">
        <Logo className="size-9" />
        <span className="grow text-lg font-semibold tracking-tight">Restante</span>
        <a href="/login" className={buttonClass("outline")}>
          {words.logIn}
        </a>
      </header>
      <main className="mx-auto flex w-full max-w-6xl grow flex-col justify-center gap-14 px-5 py-10">
        <section className="grid items-center gap-12 lg:grid-cols-[1.2fr_1fr]">
          <div>
            <h1 className="max-w-xl text-4xl font-semibold tracking-tight whitespace-pre-line sm:text-5xl sm:leading-[1.1]">
              {words.title}
            </h1>
            <p className="mt-5 max-w-lg text-lg text-pretty text-muted">{words.lead}</p>
            <a href="/c" className={cx(buttonClass("primary"), "mt-8 px-7")}>
              {words.open}
            </a>
          </div>
          <Demo words={words.demo} />
        </section>
        <section className="grid gap-4 md:grid-cols-3">
          <Point icon={<MailCheck />} title={words.points.forgetTitle} text={words.points.forgetText} />
          <Point icon={<CloudOff />} title={words.points.offlineTitle} text={words.points.offlineText} />
          <Point icon={<Server />} title={words.points.openTitle} text={words.points.openText} />
        </section>
      </main>
      <footer className="mx-auto w-full max-w-6xl px-5 py-6 text-sm text-muted">
        <a href="/docs/" className="inline-flex min-h-6 items-center underline underline-offset-4 hover:text-ink">
          {words.source}
        </a>
      </footer>
    </div>
  );
}

function Point({ icon, title, text }: { icon: ReactNode; title: string; text: string }) {
  return (
    <div className="rounded-2xl border border-line bg-surface p-6">
      <span aria-hidden="true" className="mb-4 grid size-11 place-items-center rounded-xl bg-accent-soft text-accent-text">
        {icon}
      </span>
      <h2 className="font-semibold">{title}</h2>
      <p className="mt-1.5 text-sm leading-relaxed text-muted">{text}</p>
    </div>
  );
}

/** A conversation to look at; nothing in it can be used, so it is not read out. */
function Demo({ words }: { words: { name: string; first: string; second: string; third: string } }) {
  const bubble = "w-fit max-w-[80%] rounded-2xl px-4 py-2.5 text-[0.9375rem] shadow-bubble";
  return (
    <div
      aria-hidden="true"
      className="mx-auto w-full max-w-sm rounded-3xl border border-line bg-surface p-5 shadow-pop lg:rotate-1 rtl:lg:-rotate-1"
    >
      <div className="mb-5 flex items-center gap-3 border-b border-line pb-4">
        <span data-hue="7" className="grid size-10 place-items-center rounded-full font-semibold">
          {words.name.slice(0, 1)}
        </span>
        <span className="font-medium">{words.name}</span>
        <span className="size-2.5 rounded-full bg-online" />
      </div>
      <div className="flex flex-col gap-2">
        <p className={cx(bubble, "rounded-es-md bg-well")}>{words.first}</p>
        <p className={cx(bubble, "ms-auto rounded-ee-md bg-own text-on-own")}>{words.second}</p>
        <p className={cx(bubble, "rounded-es-md bg-well")}>{words.third}</p>
      </div>
    </div>
  );
}
