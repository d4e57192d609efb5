import { useLiveQuery } from "dexie-react-hooks";
import { useEffect, useState } from "react";
import { ActionError, findPeople } from "@/store/actions";
import { knownPeople, type PersonView } from "@/store/queries";

const pauseMs = 300;
const least = 2;

type Answer = { query: string; people: PersonView[]; failure: string | null };

export type Found = { people: PersonView[]; busy: boolean; failure: string | null; asked: boolean };

/** People by name, username or exact address: those that this device knows at once, then the server's. */
export function useFindPeople(query: string): Found {
  const trimmed = query.trim();
  const known = useLiveQuery(() => knownPeople(trimmed, trimmed ? 20 : 100), [trimmed]) ?? nobody;
  const [answer, setAnswer] = useState<Answer | null>(null);
  const asks = [...trimmed].length >= least;

  useEffect(() => {
    if (!asks) return;
    let stale = false;
    const timer = setTimeout(async () => {
      const next = await ask(trimmed);
      if (!stale) setAnswer(next);
    }, pauseMs);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  }, [trimmed, asks]);

  const mine = asks && answer?.query === trimmed ? answer : null;
  return { people: merged(known, mine?.people ?? nobody), busy: asks && !mine, failure: mine?.failure ?? null, asked: Boolean(mine) };
}

const nobody: PersonView[] = [];

async function ask(query: string): Promise<Answer> {
  try {
    return { query, people: await findPeople(query), failure: null };
  } catch (error) {
    return { query, people: [], failure: error instanceof ActionError ? error.code : "INTERNAL_ERROR" };
  }
}

/** Each once; those that are known already first. */
export function merged(known: readonly PersonView[], found: readonly PersonView[]): PersonView[] {
  const ids = new Set(known.map((person) => person.id));
  return [...known, ...found.filter((person) => !ids.has(person.id))];
}
