import type { Paint, Tone } from '../../output/paint.js';
import { plainText } from '../../output/plain-text.js';
import type { Finding, Grade } from './finding.js';

/** Words and signs say it; colours only repeat it. */
const SIGNS: Readonly<Record<Grade, readonly [sign: string, tone: Tone]>> = {
  ok: ['✓ ok     ', 'good'],
  warning: ['! warning', 'warning'],
  failure: ['✗ FAILURE', 'bad'],
  skipped: ['- skipped', 'quiet'],
};

/** A line per finding below its area, the remedy under it. */
export const findingsText = (findings: readonly Finding[], paint: Paint): string => {
  const width = Math.max(0, ...findings.map(({ area }) => area.length));
  return findings
    .map(({ area, grade, text, next }, position) => {
      const isFirst = findings[position - 1]?.area !== area;
      const [sign, tone] = SIGNS[grade];
      const remedy = next === undefined ? '' : `${' '.repeat(width + 2)}          → ${plainText(next)}\n`;
      return `${paint('strong', (isFirst ? area : '').padEnd(width))}  ${paint(tone, sign)} ${plainText(text)}\n${remedy}`;
    })
    .join('');
};

const WORST: readonly Grade[] = ['failure', 'warning', 'skipped'];

/** What to press next: the remedies of the worst grade there is. */
export const nextText = (findings: readonly Finding[]): string => {
  const grade = WORST.find((each) => findings.some((finding) => finding.grade === each && finding.next !== undefined));
  const remedies = findings.filter((finding) => finding.grade === grade).flatMap(({ next }) => next ?? []);
  return grade === undefined ? 'nothing' : [...new Set(remedies)].join('\n      ');
};
