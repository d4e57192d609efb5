"use client";
import { useRouter } from "next/navigation";
import { useCallback } from "react";
import { LoginView } from "@/features/auth/LoginView";
import { useEnter } from "../useEnter";

export default function Page() {
  const router = useRouter();
  const onSent = useCallback(() => router.push("/verify"), [router]);
  return <LoginView onSent={onSent} onIn={useEnter()} />;
}
