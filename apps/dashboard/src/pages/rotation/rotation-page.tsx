import { useState } from 'preact/hooks';
import { Link, useLocation } from 'wouter-preact';
import type { Rotation } from '../../api/rotations.js';
import { useResource } from '../../live/resource.js';
import { DataTable } from '../../parts/data-table.js';
import { plural, wordsOf } from '../../parts/format.js';
import { PageHead, Section } from '../../parts/section.js';
import { StateBadge } from '../../parts/state-badge.js';
import { EmptyState, ResourceView } from '../../parts/states.js';
import { TimeText } from '../../parts/time-text.js';
import { PlanForm } from './plan-form.js';
import { foremost, isFinished } from './progress.js';
import { RotationView, titleOf } from './rotation-view.js';
import './rotation.css';

/** What the rotation is doing, who is behind, and what can be pressed. */
export function RotationPage() {
  const [location, navigate] = useLocation();
  const rotations = useResource<readonly Rotation[]>('/v1/connect/ca/rotations', 'rotations');
  const [isPlanning, setPlanning] = useState(false);
  const id = location.split('/')[2];
  const isDenied = rotations.error?.kind === 'denied';
  return (
    <>
      <PageHead
        title="Rotation"
        aside={
          isDenied ? undefined : (
            <button type="button" class="button" aria-expanded={isPlanning} onClick={() => setPlanning(!isPlanning)}>
              {isPlanning ? 'Close the plan' : 'Plan a rotation'}
            </button>
          )
        }
      >
        {rotations.value === undefined ? '' : summaryOf(rotations.value)}
      </PageHead>
      {isPlanning && !isDenied && (
        <PlanForm
          started={({ ID }) => {
            setPlanning(false);
            rotations.reload();
            navigate(`/rotation/${ID}`);
          }}
        />
      )}
      <ResourceView resource={rotations} what="the rotations" rows={10}>
        {(list) => <Chosen list={list} id={id} reload={rotations.reload} />}
      </ResourceView>
    </>
  );
}

const summaryOf = (list: readonly Rotation[]): string => {
  const open = list.filter((rotation) => !isFinished(rotation));
  if (open.length === 0) return 'Nothing is being rotated.';
  const states = open.map(({ Phase, Health }) => `${wordsOf(Phase)}, ${Health}`);
  return `${plural(open.length, 'rotation')} under way: ${states.join('; ')}.`;
};

interface ChosenProps {
  readonly list: readonly Rotation[];
  /** The one that is asked for; absent: the foremost. */
  readonly id: string | undefined;
  readonly reload: () => void;
}

function Chosen({ list, id, reload }: ChosenProps) {
  const shown = id === undefined ? foremost(list) : list.find(({ ID }) => ID === id);
  return (
    <>
      {shown === undefined ? (
        <EmptyState title={id === undefined ? 'No root has ever been rotated here' : 'There is no such rotation'}>
          <p>
            A plan shows every datacenter, agent and leaf that a rotation would touch, how long it takes and who stands
            in the way. Nothing changes by planning.
          </p>
        </EmptyState>
      ) : (
        <RotationView rotation={shown} reload={reload} />
      )}
      {list.length > 1 && (
        <Section title="All rotations">
          <DataTable<Rotation>
            caption="All rotations, the newest first"
            rows={list}
            keyOf={({ ID }) => ID}
            columns={[
              {
                title: 'Rotation',
                cell: (rotation) => <Link href={`/rotation/${rotation.ID}`}>{titleOf(rotation)}</Link>,
              },
              { title: 'Phase', cell: ({ Phase }) => <StateBadge state={Phase} /> },
              { title: 'Begun', cell: ({ CreatedAt }) => <TimeText at={CreatedAt} /> },
              { title: 'Ended', cell: ({ FinishedAt }) => <TimeText at={FinishedAt} /> },
              { title: 'Reason given', cell: ({ Note }) => Note, isSecondary: true },
            ]}
          />
        </Section>
      )}
    </>
  );
}
