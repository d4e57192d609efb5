/** The mark: a letter that waits to be called for, on a stamp. */
export function Logo({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 64 64" aria-hidden="true" className={className}>
      <rect x="4" y="4" width="56" height="56" rx="17" className="fill-accent-deep" />
      <path
        d="M17 24.5a4.5 4.5 0 0 1 4.5-4.5h21a4.5 4.5 0 0 1 4.5 4.5v14.8a4.5 4.5 0 0 1-4.5 4.5H31l-8.2 6.4v-6.4h-1.3a4.5 4.5 0 0 1-4.5-4.5z"
        fill="#fff"
      />
      <path
        d="m20.5 25.5 11.5 8.3 11.5-8.3"
        fill="none"
        strokeWidth="3.2"
        strokeLinecap="round"
        strokeLinejoin="round"
        className="stroke-accent-deep"
      />
      <circle cx="47" cy="20" r="7" fill="#ff6b4a" className="stroke-accent-deep" strokeWidth="3" />
    </svg>
  );
}
