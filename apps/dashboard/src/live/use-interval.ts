import { useEffect, useRef } from 'preact/hooks';

/** Asks again at an interval, in milliseconds, while the page is visible: for what no stream of events tells. */
export function useInterval(ask: () => void, everyMs: number | undefined): void {
  const latest = useRef(ask);
  latest.current = ask;
  useEffect(() => {
    if (everyMs === undefined) return undefined;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') latest.current();
    }, everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
}
