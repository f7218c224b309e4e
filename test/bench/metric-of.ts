/** The sum of a metric's samples in the Prometheus text format; throws when there is none. */
export const metricOf = (text: string, name: string): number => {
  const samples = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  if (samples.length === 0) throw new Error(`no metric ${name}`);
  return samples.map((line) => Number(line.slice(line.lastIndexOf(' ') + 1))).reduce((a, b) => a + b, 0);
};
