import type { JSX } from 'preact';
import { wordsOf } from './format.js';
import { type Tone, toneOf } from './tone.js';

const SHAPES: Readonly<Record<Tone, JSX.Element>> = {
  good: <path d="M2 6.5 5 9.500 10 3" fill="none" stroke="currentColor" stroke-width="2.2" />,
  active: (
    <path
      d="M6 1.500a4.500 4.500 0 1 1 0 9a4.500 4.500 0 0 1 0-9zM6 3a3 3 0 0 0 0 6z"
      fill-rule="evenodd"
      fill="currentColor"
    />
  ),
  warning: (
    <path
      d="M6 1 11.500 11H.5zM5.400 4.500v3h1.200v-3zm0 4v1.200h1.200V8.500z"
      fill-rule="evenodd"
      fill="currentColor"
    />
  ),
  bad: <path d="M2.500 2.500l7 7m0-7l-7 7" fill="none" stroke="currentColor" stroke-width="2.400" />,
  quiet: <circle cx="6" cy="6" r="3.800" fill="none" stroke="currentColor" stroke-width="1.600" />,
};

/** The shape of a tone by itself; it says nothing to screen readers, the word beside it does. */
export const ToneShape = ({ tone }: { readonly tone: Tone }) => (
  <svg class={`shape tone-${tone}`} viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
    {SHAPES[tone]}
  </svg>
);

export interface StateBadgeProps {
  /** The state by its name in the API: `READY`, `rolling-back`, `passing`. */
  readonly state: string;
  /** When the name alone does not say how it is meant. */
  readonly tone?: Tone;
  /** Shown instead of the state's own words. */
  readonly label?: string;
  /** Shown on hover: why it is so. */
  readonly title?: string | undefined;
}

/** A named state by shape, colour and word. */
export function StateBadge({ state, tone = toneOf(state), label = wordsOf(state), title }: StateBadgeProps) {
  return (
    <span class={`badge tone-${tone}`} data-state={state} title={title}>
      <ToneShape tone={tone} />
      {label}
    </span>
  );
}
