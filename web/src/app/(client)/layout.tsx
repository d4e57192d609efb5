import type { ReactNode } from "react";
import { Providers } from "@/features/shell/Providers";
import { Session } from "@/features/shell/Session";

/** The pages that need the browser's store; the landing page does without it. */
export default function Layout({ children }: { children: ReactNode }) {
  return (
    <Providers>
      <Session>{children}</Session>
    </Providers>
  );
}
