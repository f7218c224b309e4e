import { useState } from 'preact/hooks';
import type { Blocker, Rotation, Verb } from '../../api/rotations.js';
import { secondsText, wordsOf } from '../../parts/format.js';
import { Identifier } from '../../parts/identifier.js';
import { Facts, Section } from '../../parts/section.js';
import { StateBadge } from '../../parts/state-badge.js';
import { EmptyState } from '../../parts/states.js';
import { TimeText } from '../../parts/time-text.js';
import { AgentsOf } from './adoption.js';
import { Blockers } from './blockers.js';
import { DatacentersProgress } from './datacenter-progress.js';
import { Journal, Waivers } from './journal.js';
import { PhaseStepper } from './phase-stepper.js';
import { PlanView } from './plan-view.js';
import { gateOf, isFinished, secondsToMove } from './progress.js';
import { StepDialog } from './step-dialog.js';
import { VERBS } from './verbs.js';

/** One rotation: where it stands, what it waits for, who is behind, and what can be asked of it. */
export function RotationView({ rotation, reload }: { readonly rotation: Rotation; readonly reload: () => void }) {
  const [asked, ask] = useState<{ readonly verb: Verb; readonly whom?: Blocker }>();
  const canWaive = rotation.Possible.includes('waive');
  return (
    <>
      <Section
        title={titleOf(rotation)}
        aside={<StateBadge state={rotation.Health} label={wordsOf(rotation.Health)} />}
        class="rotation"
      >
        <PhaseStepper rotation={rotation} />
        <RotationFacts rotation={rotation} />
        {!isFinished(rotation) && <Verbs rotation={rotation} ask={(verb) => ask({ verb })} />}
      </Section>
      {!isFinished(rotation) && (
        <GateView rotation={rotation} waive={canWaive ? (whom) => ask({ verb: 'waive', whom }) : undefined} />
      )}
      <Section title="Progress by datacenter">
        <DatacentersProgress rotation={rotation} />
      </Section>
      <AgentsOf rotation={rotation} />
      <Waivers rotation={rotation} />
      <Journal rotation={rotation} />
      <Section title="The plan it started with">
        <details>
          <summary>Show the plan</summary>
          <PlanView plan={rotation.Plan} />
        </details>
      </Section>
      {asked !== undefined && (
        <StepDialog
          rotation={rotation}
          verb={asked.verb}
          whom={asked.whom}
          close={() => ask(undefined)}
          done={reload}
        />
      )}
    </>
  );
}

export const titleOf = ({ Scope, Reason }: Rotation): string =>
  typeof Scope === 'string'
    ? `Change of the root (${wordsOf(Reason)})`
    : `Change of the signing key of ${Scope.Datacenter} (${wordsOf(Reason)})`;

function RotationFacts({ rotation }: { readonly rotation: Rotation }) {
  const { RootID, PreviousRootID, Note, CreatedAt, FinishedAt, Deadline, Failure } = rotation;
  return (
    <Facts
      facts={[
        {
          name: 'Next root',
          value:
            RootID === undefined ? (
              <span class="muted">not made yet</span>
            ) : (
              <Identifier id={RootID} what="the next root's ID" />
            ),
        },
        {
          name: 'Previous root',
          value: PreviousRootID === undefined ? '–' : <Identifier id={PreviousRootID} what="the previous root's ID" />,
        },
        { name: 'Cross-signed', value: rotation.CrossSigned ? 'yes' : 'no' },
        { name: 'Begun', value: <TimeText at={CreatedAt} /> },
        FinishedAt === undefined
          ? { name: 'Estimated', value: estimateOf(rotation) }
          : { name: 'Ended', value: <TimeText at={FinishedAt} /> },
        ...(Deadline === undefined ? [] : [{ name: 'The root leaves', value: <TimeText at={Deadline} /> }]),
        ...(Note === '' ? [] : [{ name: 'Reason given', value: Note }]),
        ...(Failure === undefined ? [] : [{ name: 'Failed', value: `${Failure.Reason} (${Failure.Code})` }]),
      ]}
    />
  );
}

/** Until leaves have moved: how long that takes at the measured rate; afterwards the gate says until when it waits. */
function estimateOf(rotation: Rotation) {
  const waits = gateOf(rotation)?.WaitsUntil;
  if (waits !== undefined) return <TimeText at={waits} />;
  const seconds = secondsToMove(rotation);
  if (seconds === undefined) return <span class="muted">no rate measured yet</span>;
  if (seconds === 0) return 'nothing left to sign';
  return seconds < 1 ? 'less than 1 s of signing' : `${secondsText(seconds)} of signing`;
}

function Verbs({ rotation, ask }: { readonly rotation: Rotation; readonly ask: (verb: Verb) => void }) {
  return (
    <div class="buttons" role="group" aria-label="What can be asked of it">
      {(Object.keys(VERBS) as Verb[]).map((verb) => (
        <button
          type="button"
          class="button"
          key={verb}
          disabled={!rotation.Possible.includes(verb)}
          title={rotation.Possible.includes(verb) ? undefined : `Not possible in ${wordsOf(rotation.Phase)}`}
          onClick={() => ask(verb)}
        >
          {VERBS[verb].button}
        </button>
      ))}
    </div>
  );
}

interface GateViewProps {
  readonly rotation: Rotation;
  readonly waive: ((blocker: Blocker) => void) | undefined;
}

function GateView({ rotation, waive }: GateViewProps) {
  const gate = gateOf(rotation);
  return (
    <Section
      title={`What ${wordsOf(rotation.Phase)} waits for`}
      aside={
        gate !== undefined && (
          <>
            <StateBadge state={gate.Met ? 'met' : 'waiting'} tone={gate.Met ? 'good' : 'active'} />
            <span class="muted">
              since <TimeText at={gate.Since} />
            </span>
            {gate.WaitsUntil !== undefined && (
              <span class="muted">
                until <TimeText at={gate.WaitsUntil} />
              </span>
            )}
          </>
        )
      }
    >
      {gate === undefined || gate.BlockerCount === 0 ? (
        <EmptyState title={gate?.Met === true ? 'The gate is met' : 'Nobody stands in the way'} />
      ) : (
        <Blockers caption="Who stands in the way" blockers={gate.Blockers} count={gate.BlockerCount} waive={waive} />
      )}
    </Section>
  );
}
