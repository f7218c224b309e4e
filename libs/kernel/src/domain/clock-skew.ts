/**
 * Clocks that differ by more than this are named: certificates begin a minute before they are made, and half of that is left
 * for the way there and for clocks that drift on.
 */
export const SKEW_LIMIT_MS = 30_000;

/**
 * How one clock stands to another, to be read before the other's owner: "600 s behind", "45 s ahead of". Undefined when they
 * agree well enough. `offsetMs`: how far the first is ahead.
 */
export const skewOf = (offsetMs: number): string | undefined => {
  if (Math.abs(offsetMs) <= SKEW_LIMIT_MS) return undefined;
  const seconds = Math.round(Math.abs(offsetMs) / 1_000);
  return offsetMs > 0 ? `${seconds} s ahead of` : `${seconds} s behind`;
};
