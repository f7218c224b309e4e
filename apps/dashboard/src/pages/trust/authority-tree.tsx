import type { Authorities, DatacenterAuthority, RootAuthority } from '../../api/authorities.js';
import { bytesText, countText, plural, shortId } from '../../parts/format.js';
import { Identifier } from '../../parts/identifier.js';
import { lifeTone, Meter } from '../../parts/meter.js';
import { Facts } from '../../parts/section.js';
import { StateBadge } from '../../parts/state-badge.js';
import { EmptyState } from '../../parts/states.js';
import { TimeText } from '../../parts/time-text.js';

interface TreeProps {
  readonly authorities: Authorities;
  /** Puts a PEM into the inspector. */
  readonly inspect: (pem: string) => void;
}

const ORDER = ['active', 'next', 'inactive'];
const byState = (one: RootAuthority, other: RootAuthority): number =>
  ORDER.indexOf(one.State) - ORDER.indexOf(other.State);

/** Roots, the active one first, under each the datacenters that sign under it, and under those their live leaves. */
export function AuthorityTree({ authorities: { Roots, Datacenters }, inspect }: TreeProps) {
  if (Roots.length === 0) return <EmptyState title="No root is trusted yet" />;
  const idle = Datacenters.filter((each) => !Roots.some(({ ID }) => signsUnder(each, ID)));
  return (
    <ul class="tree">
      {Roots.toSorted(byState).map((root) => (
        <li key={root.ID} class="tree-root" data-root={root.ID}>
          <Root root={root} inspect={inspect} />
          <ul>
            {Datacenters.filter((each) => signsUnder(each, root.ID) || (each.Leaves[root.ID] ?? 0) > 0).map((each) => (
              <li key={each.Datacenter}>
                <Datacenter datacenter={each} rootId={root.ID} inspect={inspect} />
              </li>
            ))}
          </ul>
        </li>
      ))}
      {idle.map(({ Datacenter: name }) => (
        <li key={name}>
          {name} <StateBadge state="unknown" tone="quiet" label="its intermediate is not known here" />
        </li>
      ))}
    </ul>
  );
}

const signsUnder = ({ SigningRootID, Intermediate }: DatacenterAuthority, rootId: string): boolean =>
  Intermediate !== null && SigningRootID === rootId;

function Root({ root, inspect }: { readonly root: RootAuthority; readonly inspect: (pem: string) => void }) {
  const name = shortId(root.ID);
  return (
    <div class="authority">
      <div class="authority-head">
        <h3>
          Root {name} <span class="muted">{root.Name}</span>
        </h3>
        {root.Tainted ? <StateBadge state="tainted" label="compromised" /> : <StateBadge state={root.State} />}
        <button type="button" class="button" aria-label={`Inspect root ${name}`} onClick={() => inspect(root.PEM)}>
          Inspect
        </button>
        {root.CrossSignedPEM.map((pem, place) => (
          <button
            type="button"
            class="button"
            key={pem}
            aria-label={`Inspect cross-signed certificate ${place + 1} of root ${name}`}
            onClick={() => inspect(pem)}
          >
            Cross-signed
          </button>
        ))}
      </div>
      <Facts
        facts={[
          { name: 'ID', value: <Identifier id={root.ID} what={`the ID of root ${name}`} /> },
          {
            name: 'Fingerprint (SHA-256)',
            value: <Identifier id={root.Fingerprint} what={`the fingerprint of root ${name}`} />,
          },
          { name: 'Key', value: `${root.KeyType.toUpperCase()} ${root.KeyBits}` },
          { name: 'Provider', value: root.Provider },
          { name: 'Ends', value: <TimeText at={root.NotAfter} /> },
          {
            name: 'Life used',
            value: <Meter share={root.LifeUsed} tone={lifeTone(root.LifeUsed)} label={`life used of root ${name}`} />,
          },
        ]}
      />
    </div>
  );
}

interface DatacenterProps {
  readonly datacenter: DatacenterAuthority;
  readonly rootId: string;
  readonly inspect: (pem: string) => void;
}

function Datacenter({ datacenter, rootId, inspect }: DatacenterProps) {
  const { Datacenter: name, Intermediate, ChainBytes, Leaves } = datacenter;
  const leaves = Leaves[rootId] ?? 0;
  if (Intermediate === null || !signsUnder(datacenter, rootId))
    return (
      <div class="authority">
        <div class="authority-head">
          <h3>{name}</h3>
          <StateBadge state="moved" tone="active" label="signs under another root by now" />
        </div>
        <p>{plural(leaves, 'live leaf', 'live leaves')} still under this root</p>
      </div>
    );
  const { PEM } = Intermediate;
  return (
    <div class="authority">
      <div class="authority-head">
        <h3>{name}</h3>
        <StateBadge state="active" label="signing" />
        {typeof PEM === 'string' && PEM !== '' && (
          <button
            type="button"
            class="button"
            aria-label={`Inspect the intermediate of ${name}`}
            onClick={() => inspect(PEM)}
          >
            Inspect
          </button>
        )}
      </div>
      <Facts
        facts={[
          {
            name: 'Intermediate, serial',
            value: (
              <Identifier id={Intermediate.SerialNumber} what={`the serial number of the intermediate of ${name}`} />
            ),
          },
          { name: 'Key ID', value: <code title={Intermediate.KeyID}>{shortId(Intermediate.KeyID)}</code> },
          { name: 'Live leaves', value: countText(leaves) },
          { name: 'Chain beside a leaf', value: ChainBytes === null ? '–' : bytesText(ChainBytes) },
          { name: 'Ends', value: <TimeText at={Intermediate.NotAfter} /> },
          {
            name: 'Life used',
            value: (
              <Meter
                share={Intermediate.LifeUsed}
                tone={lifeTone(Intermediate.LifeUsed)}
                label={`life used of the intermediate of ${name}`}
              />
            ),
          },
        ]}
      />
    </div>
  );
}
