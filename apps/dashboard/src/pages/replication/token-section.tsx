import type { ReplicationToken, TokenScope } from '../../api/replication.js';
import { DataTable } from '../../parts/data-table.js';
import { Identifier } from '../../parts/identifier.js';
import { Facts, Section } from '../../parts/section.js';
import { StateBadge } from '../../parts/state-badge.js';
import { EmptyState } from '../../parts/states.js';
import { TimeText } from '../../parts/time-text.js';

const ORIGINS: Readonly<Record<string, string>> = {
  api: 'given through the API',
  file: 'from its file',
  setting: 'from a setting',
};

/** The token that the secondary replicates with, and what it may do at the primary. */
export function TokenSection({ token }: { readonly token: ReplicationToken }) {
  return (
    <Section
      title="Replication token"
      aside={
        token.IsWiderThanNeeded && (
          <StateBadge
            state="wide"
            tone="warning"
            label="may do more than needed"
            title="A token for this datacenter alone would do"
          />
        )
      }
    >
      <Facts
        facts={[
          { name: 'Accessor', value: <Identifier id={token.AccessorID} what="accessor" length={13} /> },
          { name: 'Where from', value: ORIGINS[token.Origin] ?? token.Origin },
          { name: 'Ends', value: token.Expires },
          { name: 'Last checked', value: <TimeText at={token.CheckedAt} /> },
        ]}
      />
      <DataTable<TokenScope>
        caption="What the token may do at the primary"
        rows={token.Scopes}
        keyOf={({ Scope, Datacenter }) => `${Scope} ${Datacenter}`}
        empty={<EmptyState title="The primary has not said yet what it may do" />}
        columns={[
          { title: 'Scope', cell: ({ Scope }) => <code>{Scope}</code> },
          { title: 'Datacenter', cell: ({ Datacenter }) => Datacenter },
          {
            title: 'Verdict',
            cell: ({ Allowed }) => (
              <StateBadge state={Allowed ? 'allow' : 'deny'} label={Allowed ? 'allowed' : 'missing'} />
            ),
          },
          { title: 'Why', cell: ({ Reason }) => Reason, isSecondary: true },
        ]}
      />
    </Section>
  );
}
