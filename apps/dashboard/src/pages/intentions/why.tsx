import { withQuery } from '../../api/request.js';
import { useResource } from '../../live/resource.js';
import { Section } from '../../parts/section.js';
import { StateBadge } from '../../parts/state-badge.js';
import { ErrorState, LoadingState } from '../../parts/states.js';
import { type Candidate, effectOf } from './decide.js';
import { EffectBadge } from './effect-badge.js';
import { NameField } from './name-field.js';
import type { PairView } from './pair.js';

/** `GET /v1/connect/intentions/check?why`. */
interface Check {
  readonly Allowed: boolean;
  readonly Why?: { readonly Reason: string; readonly DefaultAction: 'allow' | 'deny' };
}

/** May this service call that one, and which rule says so? The server decides; the list shows what else was there. */
export function Why({ index, pair, setPair, edit, remove, names }: PairView & { readonly names: readonly string[] }) {
  const source = pair.source.trim();
  const destination = pair.destination.trim();
  const isAsked = source !== '' && destination !== '';
  const check = useResource<Check>(
    isAsked ? withQuery('/v1/connect/intentions/check', { source, destination, why: 'true' }) : undefined,
    'intentions',
  );
  const own = index.exact(source, destination);
  return (
    <Section
      title="Why?"
      class="why"
      aside={
        isAsked && (
          <>
            <button type="button" class="button" onClick={() => edit({ source, destination })}>
              {own === undefined ? 'Make an intention…' : 'Edit…'}
            </button>
            {own !== undefined && (
              <button type="button" class="button" onClick={() => remove(own)}>
                Delete…
              </button>
            )}
          </>
        )
      }
    >
      <div class="why-question">
        <NameField
          label="May"
          value={pair.source}
          names={names}
          change={(text) => setPair({ ...pair, source: text })}
        />
        <NameField
          label="call"
          value={pair.destination}
          names={names}
          change={(text) => setPair({ ...pair, destination: text })}
        />
        <div class="why-answer" aria-live="polite">
          {!isAsked && <span class="muted">Name both, or click a pair below.</span>}
          {isAsked && check.value !== undefined && <Verdict check={check.value} />}
        </div>
      </div>
      {isAsked && check.error !== undefined && <ErrorState what="this pair" error={check.error} retry={check.reload} />}
      {isAsked &&
        check.error === undefined &&
        (check.value === undefined ? (
          <LoadingState what="the verdict" rows={3} />
        ) : (
          <Candidates candidates={index.candidates(source, destination)} check={check.value} />
        ))}
    </Section>
  );
}

function Verdict({ check }: { readonly check: Check }) {
  return (
    <>
      <StateBadge state={check.Allowed ? 'allow' : 'deny'} label={check.Allowed ? 'yes, allowed' : 'no, denied'} />{' '}
      {check.Why?.Reason}
    </>
  );
}

/** Every form of the pair in the order in which it is looked for, and the default behind them. */
function Candidates({ candidates, check }: { readonly candidates: readonly Candidate[]; readonly check: Check }) {
  const isDefault = candidates.every(({ isDecisive }) => !isDecisive);
  return (
    <ol class="candidates">
      {candidates.map(({ source, destination, intention, isDecisive }) => (
        <li key={`${source} ${destination}`} class={isDecisive ? 'decisive' : ''}>
          <code>
            {source} → {destination}
          </code>
          {intention === undefined ? (
            <span class="muted">no such intention</span>
          ) : (
            <EffectBadge effect={effectOf(intention)} />
          )}
          <span class={isDecisive ? '' : 'muted'}>
            {isDecisive ? 'decides' : intention === undefined ? '' : 'not reached'}
          </span>
        </li>
      ))}
      <li class={isDefault ? 'decisive' : ''}>
        <span>the default policy</span>
        {isDefault ? (
          <EffectBadge effect={check.Allowed ? 'allow' : 'deny'} />
        ) : (
          <span class="muted">{check.Why?.DefaultAction ?? ''}</span>
        )}
        <span class={isDefault ? '' : 'muted'}>{isDefault ? 'decides' : 'not reached'}</span>
      </li>
    </ol>
  );
}
