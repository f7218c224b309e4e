import type { Tone } from './tone.js';
import { percentText } from './format.js';

export interface MeterProps {
  /** A share of 1; beyond the ends it is drawn as the end. */
  readonly share: number;
  /** What is measured, for screen readers: "life used of root 1". */
  readonly label: string;
  readonly tone?: Tone;
  /** Shown beside the bar instead of the percentage. */
  readonly text?: string;
}

/** A share as a bar and as a figure. */
export function Meter({ share, label, tone = 'quiet', text = percentText(share) }: MeterProps) {
  const width = Math.min(1, Math.max(0, share));
  return (
    <span class="meter">
      <span
        class="meter-bar"
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(width * 100)}
      >
        <span class={`meter-fill tone-${tone}`} style={{ width: `${width * 100}%` }} />
      </span>
      <span class="meter-text">{text}</span>
    </span>
  );
}

/** How much of a certificate's life is used, by the tone in which it should be read: renewals begin at half of it. */
export const lifeTone = (used: number): Tone => {
  if (used >= 0.95) return 'bad';
  return used >= 0.8 ? 'warning' : 'good';
};
