import type { ReactNode } from "react";
import type { PersonView } from "@/store/queries";
import { Avatar } from "@/ui/Avatar";
import { OneLine } from "@/ui/OneLine";
import { useNames } from "./names";

/** A person in a list: picture, name, username, and what stands at the end. */
export function PersonLine({ person, end, note }: { person: PersonView; end?: ReactNode; note?: string | null }) {
  const names = useNames();
  const below = note ?? (person.name && person.username ? `@${person.username}` : null);
  return (
    <>
      <Avatar id={person.id} name={names.ofPerson(person)} size="sm" />
      <span className="min-w-0 grow text-start">
        <OneLine text={names.ofPerson(person)} className="font-medium" />
        {below && <OneLine text={below} className="text-sm text-muted" />}
      </span>
      {end}
    </>
  );
}
