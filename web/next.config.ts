import type { NextConfig } from "next";

const config: NextConfig = {
  // Plain files: the binary or a web server hands them out, and no program runs for them.
  output: "export",
  images: { unoptimized: true },
  poweredByHeader: false,
  productionBrowserSourceMaps: false,
  reactStrictMode: true,
};

export default config;
