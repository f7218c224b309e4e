import type { FederatedDatacenter, Federation } from '../../api/federation.js';
import { useResource } from '../../live/resource.js';
import { plural } from '../../parts/format.js';
import { PageHead, Section } from '../../parts/section.js';
import { StateBadge } from '../../parts/state-badge.js';
import { ResourceView } from '../../parts/states.js';
import { Agents } from './agents.js';
import { DatacenterCard } from './datacenter-card.js';
import { Servers } from './servers.js';
import './federation.css';

/** Which datacenters there are, how each is, how they are tied together, and who runs in them. */
export function FederationPage() {
  const federation = useResource<Federation>('/v1/operator/federation', 'federation');
  return (
    <>
      <PageHead title="Federation">{federation.value === undefined ? '' : summaryOf(federation.value)}</PageHead>
      <ResourceView resource={federation} what="the federation" rows={10}>
        {(value) => <Datacenters federation={value} />}
      </ResourceView>
    </>
  );
}

/** The answer to "is everything well?" in one sentence. */
export const summaryOf = ({ Datacenters, TrustDomain }: Federation): string => {
  const known = Datacenters.filter(isKnown);
  const wrong = known.filter(({ State }) => State !== 'READY');
  const unknown = Datacenters.length - known.length;
  return [
    `${plural(Datacenters.length, 'datacenter')} in the trust domain ${TrustDomain}.`,
    wrong.length === 0
      ? `${known.map(({ Name }) => Name).join(', ')} ${known.length === 1 ? 'is' : 'are'} ready.`
      : `Not ready: ${wrong.map(({ Name, State }) => `${Name} (${State})`).join(', ')}.`,
    ...(unknown === 0 ? [] : [`Of ${unknown === 1 ? 'one' : unknown} only the link is known here.`]),
  ].join(' ');
};

function Datacenters({ federation }: { readonly federation: Federation }) {
  const { Datacenters: datacenters, Datacenter: here } = federation;
  return (
    <>
      {here !== federation.PrimaryDatacenter && (
        <p class="note">
          <StateBadge state="view" tone="quiet" label={`seen from ${here}`} /> A secondary knows itself and its link to
          the primary. Ask a server of {federation.PrimaryDatacenter || 'the primary'} for the whole.
        </p>
      )}
      <div class="datacenters">
        {datacenters.map((datacenter) => (
          <DatacenterCard key={datacenter.Name} datacenter={datacenter} isHere={datacenter.Name === here} />
        ))}
      </div>
      <Section title="Servers and lease holders">
        <Servers datacenters={datacenters} />
      </Section>
      <Section title="Agents by version">
        <Agents datacenters={datacenters.filter(isKnown)} />
      </Section>
    </>
  );
}

const isKnown = ({ State }: FederatedDatacenter): boolean => State !== 'UNKNOWN';
