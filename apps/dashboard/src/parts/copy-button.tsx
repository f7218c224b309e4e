import { useEffect, useState } from 'preact/hooks';

/** Copies a text, and says for two seconds that it did. `what` names it for screen readers: "fingerprint of root 1". */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const [outcome, setOutcome] = useState<'copied' | 'not copied'>();
  useEffect(() => {
    if (outcome === undefined) return undefined;
    const timer = setTimeout(() => setOutcome(undefined), 2_000);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => setOutcome('copied'),
      () => setOutcome('not copied'),
    );
  };
  return (
    <button type="button" class="copy" aria-label={`Copy ${what}`} title={outcome ?? `Copy ${what}`} onClick={copy}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        {outcome === 'copied' ? (
          <path d="M3 8.500 6.500 12 13 4.500" fill="none" stroke="currentColor" stroke-width="2" />
        ) : (
          <path d="M5.500 5.500h7v8h-7zM3.500 10.500v-8h7" fill="none" stroke="currentColor" stroke-width="1.400" />
        )}
      </svg>
      <span class="visually-hidden" role="status">
        {outcome}
      </span>
    </button>
  );
}
