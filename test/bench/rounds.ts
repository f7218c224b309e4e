/** The middle value; of an even count, the mean of the two in the middle. Throws for an empty list. */
export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new RangeError('a median needs a value');
  return (upper + lower) / 2;
};

/** The value below which that share of the values lies. Throws for an empty list. */
export const percentile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const at = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (at === undefined) throw new RangeError('a percentile needs a value');
  return at;
};

/** One contestant and what it is compared with, measured turn by turn so that a busy moment hits both. */
export interface Comparison {
  /** Work per second of CPU, per round. */
  readonly measured: readonly number[];
  readonly reference: readonly number[];
  /** Median of the ratios of the rounds. */
  readonly ratio: number;
}

export const compare = async (
  rounds: number,
  measured: () => number | Promise<number>,
  reference: () => number | Promise<number>,
): Promise<Comparison> => {
  const pairs: { readonly measured: number; readonly reference: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // The order is turned around every round: whoever comes second finds a warmer machine.
    const first = round % 2 === 0 ? await reference() : undefined;
    const ours = await measured();
    pairs.push({ measured: ours, reference: first ?? (await reference()) });
  }
  return {
    measured: pairs.map((pair) => pair.measured),
    reference: pairs.map((pair) => pair.reference),
    ratio: median(pairs.map((pair) => pair.measured / pair.reference)),
  };
};
