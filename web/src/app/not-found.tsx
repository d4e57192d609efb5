"use client";
import { lazy, Suspense } from "react";

/** This file goes along with every page; what it shows is fetched only where there is nothing else. */
const NotFound = lazy(() => import("@/features/landing/NotFound").then((module) => ({ default: module.NotFound })));

export default function Page() {
  return (
    <Suspense>
      <NotFound />
    </Suspense>
  );
}
