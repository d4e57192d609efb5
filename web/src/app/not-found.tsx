import { NotFound } from "@/features/landing/NotFound";

export default function Page() {
  return <NotFound />;
}
