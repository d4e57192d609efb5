import { ClientRoute } from "../../ClientRoute";

export const dynamicParams = false;

/** One file; the server answers with it for every path below. */
export function generateStaticParams() {
  return [{ path: [] }];
}

export default function Page() {
  return <ClientRoute />;
}
