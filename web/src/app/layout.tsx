import type { Metadata, Viewport } from "next";
import type { ReactNode } from "react";
import { barColours } from "@/ui/barColours";
import "./globals.css";

export const metadata: Metadata = {
  title: "Restante",
  description: "Messages that the server forgets once they have arrived.",
  manifest: "/manifest.webmanifest",
  appleWebApp: { capable: true, title: "Restante", statusBarStyle: "default" },
  icons: { icon: "/icon.svg", apple: "/icons/icon-192.png" },
};

export const viewport: Viewport = {
  width: "device-width",
  initialScale: 1,
  viewportFit: "cover",
  interactiveWidget: "resizes-content",
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: barColours.light },
    { media: "(prefers-color-scheme: dark)", color: barColours.dark },
  ],
};

export default function Layout({ children }: { children: ReactNode }) {
  return (
    // theme.js sets language, direction and theme before this is drawn.
    <html lang="en" suppressHydrationWarning>
      <head>
        <script src="/trusted.js" />
        <script src="/theme.js" />
      </head>
      <body>{children}</body>
    </html>
  );
}
