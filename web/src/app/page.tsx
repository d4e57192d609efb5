import { Landing } from "@/features/landing/Landing";

export default function Page() {
  return <Landing />;
}
