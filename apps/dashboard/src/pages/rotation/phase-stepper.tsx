import type { Rotation } from '../../api/rotations.js';
import { wordsOf } from '../../parts/format.js';
import { ToneShape } from '../../parts/state-badge.js';
import { TimeText } from '../../parts/time-text.js';
import { type Tone, toneOf } from '../../parts/tone.js';
import { type PhaseStep, stepsOf } from './progress.js';

/** Where the rotation stands on its way. */
export function PhaseStepper({ rotation }: { readonly rotation: Rotation }) {
  return (
    <ol class="stepper" aria-label="Phases">
      {stepsOf(rotation).map((step) => (
        <li
          key={step.phase}
          class={`step step-${step.state}`}
          aria-current={step.state === 'current' ? 'step' : undefined}
          data-phase={step.phase}
        >
          <span class={`step-name tone-${stepTone(step)}`}>
            <ToneShape tone={stepTone(step)} />
            {wordsOf(step.phase)}
          </span>
          <span class="step-time">
            {step.state === 'skipped' ? (
              'skipped'
            ) : step.startedAt === undefined ? (
              ' '
            ) : (
              <TimeText at={step.startedAt} />
            )}
          </span>
        </li>
      ))}
    </ol>
  );
}

const stepTone = ({ state, phase }: PhaseStep): Tone => {
  if (state === 'done') return 'good';
  return state === 'current' ? toneOf(phase) : 'quiet';
};
