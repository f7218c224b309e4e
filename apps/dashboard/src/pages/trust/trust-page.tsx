import { useState } from 'preact/hooks';
import type { Authorities } from '../../api/authorities.js';
import type { Rotation } from '../../api/rotations.js';
import { useResource } from '../../live/resource.js';
import { plural, shortId } from '../../parts/format.js';
import { PageHead, Section } from '../../parts/section.js';
import { ResourceView } from '../../parts/states.js';
import { saveText } from '../../api/request.js';
import { AuthorityTree } from './authority-tree.js';
import { Inspector } from './inspector.js';
import { Timeline } from './timeline-view.js';
import './trust.css';

/** Whether trust is intact: roots, intermediates and leaves, how much of each life is used, what happened and what is to come. */
export function TrustPage() {
  const authorities = useResource<Authorities>('/v1/connect/ca/authorities', 'authorities');
  const rotations = useResource<readonly Rotation[]>('/v1/connect/ca/rotations', 'rotations');
  const [pem, inspect] = useState('');
  const { value } = authorities;
  return (
    <>
      <PageHead
        title="Trust"
        aside={
          <button
            type="button"
            class="button"
            disabled={value === undefined}
            onClick={() => value !== undefined && saveText(bundleOf(value), 'bundle.pem', 'application/x-pem-file')}
          >
            Download the bundle
          </button>
        }
      >
        {value === undefined ? '' : summaryOf(value)}
      </PageHead>
      <ResourceView resource={authorities} what="the authorities" rows={10}>
        {(known) => (
          <>
            <Section title="Authorities">
              <AuthorityTree authorities={known} inspect={inspect} />
            </Section>
            <Section title="Timeline">
              <Timeline authorities={known} rotations={rotations.value ?? []} />
            </Section>
          </>
        )}
      </ResourceView>
      <Inspector pem={pem} change={inspect} />
    </>
  );
}

/** Every root that is trusted, one PEM after the other. */
export const bundleOf = ({ Roots }: Authorities): string => Roots.map(({ PEM }) => `${PEM.trim()}\n`).join('');

const summaryOf = ({ Roots, Datacenters }: Authorities): string => {
  const tainted = Roots.filter(({ Tainted }) => Tainted).length;
  const active = Roots.find(({ State }) => State === 'active');
  const signing = Datacenters.filter(({ Intermediate }) => Intermediate !== null).length;
  return [
    `${plural(Roots.length, 'root')} trusted, ${active === undefined ? 'none active' : `${shortId(active.ID)} active`}.`,
    `${signing} of ${plural(Datacenters.length, 'datacenter')} with an intermediate.`,
    ...(tainted === 0 ? [] : [`${plural(tainted, 'root')} compromised!`]),
  ].join(' ');
};
