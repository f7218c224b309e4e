import { StateBadge } from '../../parts/state-badge.js';
import type { Tone } from '../../parts/tone.js';
import type { Effect } from './decide.js';

export const EFFECT_TONES: Readonly<Record<Effect, Tone>> = { allow: 'good', deny: 'bad', 'by request': 'warning' };

/** What an intention does, by shape and word. */
export const EffectBadge = ({ effect }: { readonly effect: Effect }) => (
  <StateBadge
    state={effect}
    tone={EFFECT_TONES[effect]}
    label={effect}
    title={effect === 'by request' ? 'It has permissions for requests: a connection as such is denied' : undefined}
  />
);
