"use client";
import { useRouter } from "next/navigation";
import { useCallback } from "react";
import { VerifyView } from "@/features/auth/VerifyView";
import { useEnter } from "../useEnter";

export default function Page() {
  const router = useRouter();
  const onBack = useCallback(() => router.replace("/login"), [router]);
  return <VerifyView onIn={useEnter()} onBack={onBack} />;
}
