import type { PlannedDatacenter, RotationPlan } from '../../api/rotations.js';
import { DataTable } from '../../parts/data-table.js';
import { bytesText, countText, plural, secondsText } from '../../parts/format.js';
import { Identifier } from '../../parts/identifier.js';
import { Facts } from '../../parts/section.js';
import { ToneShape } from '../../parts/state-badge.js';
import { Blockers } from './blockers.js';

/** What a rotation would touch, need and meet. */
export function PlanView({ plan, hash }: { readonly plan: RotationPlan; readonly hash?: string }) {
  const { Totals } = plan;
  return (
    <div class="stack">
      <Facts
        facts={[
          { name: 'Touches', value: `${plural(Totals.Datacenters, 'datacenter')}, ${plural(Totals.Agents, 'agent')}` },
          { name: 'Agents offline', value: countText(Totals.OfflineAgents) },
          {
            name: 'Signatures',
            value: `${countText(Totals.Signatures)} for ${plural(Totals.Workloads, 'leaf', 'leaves')}`,
          },
          {
            name: 'Estimated time to move',
            value:
              Totals.EstimatedSeconds === undefined ? 'no rate measured yet' : secondsText(Totals.EstimatedSeconds),
          },
          { name: 'Cross-signed', value: plan.CrossSign ? 'yes' : 'no' },
          { name: 'Provider', value: plan.Provider },
          { name: 'Bundle and chain grow by', value: `${bytesText(plan.BundleBytes)}, ${bytesText(plan.ChainBytes)}` },
          plan.Kind === 'taint'
            ? { name: 'The root leaves within', value: plan.Policy.Deadline }
            : {
                name: 'Waits',
                value: `${plan.Policy.DistributeWait}, ${plan.Policy.VerifyWindow}, ${plan.Policy.RetireGrace}`,
              },
          ...(plan.LeavingRootID === undefined
            ? []
            : [{ name: 'Leaving root', value: <Identifier id={plan.LeavingRootID} what="the leaving root's ID" /> }]),
          ...(plan.LeavingKey === undefined
            ? []
            : [{ name: 'Leaving key', value: <Identifier id={plan.LeavingKey.KeyID} what="the leaving key's ID" /> }]),
          ...(hash === undefined ? [] : [{ name: 'Plan', value: <Identifier id={hash} what="the plan's hash" /> }]),
        ]}
      />
      <DataTable<PlannedDatacenter>
        caption="The work by datacenter"
        rows={plan.Datacenters}
        keyOf={({ Datacenter }) => Datacenter}
        columns={[
          {
            title: 'Datacenter',
            cell: ({ Datacenter, Reported }) => (Reported ? Datacenter : `${Datacenter} (has not reported)`),
          },
          { title: 'Agents live', align: 'end', cell: ({ Agents }) => countText(Agents.Live) },
          { title: 'Offline', align: 'end', cell: ({ Agents }) => countText(Agents.Offline) },
          { title: 'Leaves', align: 'end', cell: ({ Workloads }) => countText(Workloads) },
          { title: 'Signatures', align: 'end', cell: ({ Signatures }) => countText(Signatures) },
          { title: 'Estimated', align: 'end', cell: ({ EstimatedSeconds }) => secondsText(EstimatedSeconds) },
        ]}
      />
      {plan.BlockerCount === 0 ? (
        <p class="breaks-none">
          <ToneShape tone="good" /> Nothing stands in the way.
        </p>
      ) : (
        <div>
          <h3 class="breaks-title">
            <ToneShape tone="warning" /> {plural(plan.BlockerCount, 'blocker')}
          </h3>
          <Blockers caption="Blockers of the plan" blockers={plan.Blockers} count={plan.BlockerCount} />
        </div>
      )}
    </div>
  );
}
