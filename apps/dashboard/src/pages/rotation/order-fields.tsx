import type { ComponentChildren } from 'preact';
import { useResource } from '../../live/resource.js';
import type { RotationOrder } from './order.js';

/** What is read of `GET /v1/connect/ca/roots`. */
interface Roots {
  readonly Roots: readonly { readonly ID: string; readonly Name: string; readonly Active: boolean }[];
}

interface OrderFieldsProps {
  readonly order: RotationOrder;
  readonly change: (fields: Partial<RotationOrder>) => void;
}

/** The fields of what is asked for; those that have no meaning for it are not shown. */
export function OrderFields({ order, change }: OrderFieldsProps) {
  const { kind } = order;
  return (
    <div class="fields">
      <Choice
        label="What"
        name="kind"
        value={kind}
        change={(value) => change({ kind: value as RotationOrder['kind'] })}
        options={[
          ['root', 'Replace the root'],
          ['datacenter', 'Replace one datacenter’s signing key'],
          ['taint-root', 'A root is compromised'],
          ['taint-datacenter', 'A datacenter’s key is compromised'],
        ]}
      />
      {kind === 'root' && <RootFields order={order} change={change} />}
      {kind === 'taint-root' && <RootChoice order={order} change={change} />}
      {(kind === 'datacenter' || kind === 'taint-datacenter') && <DatacenterChoice order={order} change={change} />}
      {(kind === 'taint-root' || kind === 'taint-datacenter') && (
        <Text
          label="Deadline (10m)"
          name="deadline"
          value={order.deadline}
          change={(deadline) => change({ deadline })}
        />
      )}
      <Text
        label={kind.startsWith('taint') ? 'Why it is thought to be' : 'Reason, for the journal'}
        name="reason"
        required={kind.startsWith('taint')}
        value={order.reason}
        change={(reason) => change({ reason })}
      />
    </div>
  );
}

const RootFields = ({ order, change }: OrderFieldsProps) => (
  <>
    <Choice
      label="Key of the next root"
      name="key"
      value={order.key}
      change={(key) => change({ key })}
      options={[
        ['', 'like the present one'],
        ['ec 256', 'EC P-256'],
        ['ec 384', 'EC P-384'],
        ['ec 521', 'EC P-521'],
        ['rsa 2048', 'RSA 2048'],
        ['rsa 4096', 'RSA 4096'],
      ]}
    />
    <Text
      label="Longest wait for acknowledgements (15m)"
      name="distribute-wait"
      value={order.distributeWait}
      change={(distributeWait) => change({ distributeWait })}
    />
    <Text
      label="Window of verification (5m)"
      name="verify-window"
      value={order.verifyWindow}
      change={(verifyWindow) => change({ verifyWindow })}
    />
    <Text
      label="Grace before the end (1h)"
      name="retire-grace"
      value={order.retireGrace}
      change={(retireGrace) => change({ retireGrace })}
    />
    <label class="field">
      <span>Cross-signing</span>
      <span class="check">
        <input
          type="checkbox"
          name="without-cross-signing"
          checked={order.withoutCrossSigning}
          onChange={(event) => change({ withoutCrossSigning: event.currentTarget.checked })}
        />
        do without it
      </span>
    </label>
  </>
);

function RootChoice({ order, change }: OrderFieldsProps) {
  const roots = useResource<Roots>('/v1/connect/ca/roots', 'authorities');
  const list = roots.value?.Roots ?? [];
  return (
    <Choice
      label="Root"
      name="root"
      value={order.rootId}
      change={(rootId) => change({ rootId })}
      options={[
        ['', 'choose one'],
        ...list.map(({ ID, Name, Active }) => [ID, `${ID.slice(0, 11)} ${Name}${Active ? ' (active)' : ''}`] as const),
      ]}
    />
  );
}

function DatacenterChoice({ order, change }: OrderFieldsProps) {
  const names = useResource<readonly string[]>('/v1/catalog/datacenters');
  return (
    <Choice
      label="Datacenter"
      name="datacenter"
      value={order.datacenter}
      change={(datacenter) => change({ datacenter })}
      options={[['', 'choose one'], ...(names.value ?? []).map((name) => [name, name] as const)]}
    />
  );
}

interface TextProps {
  readonly label: string;
  readonly name: string;
  readonly value: string;
  readonly required?: boolean;
  readonly change: (text: string) => void;
}

const Text = ({ label, name, value, required = false, change }: TextProps) => (
  <label class="field">
    <span>{label}</span>
    <input name={name} required={required} value={value} onInput={(event) => change(event.currentTarget.value)} />
  </label>
);

interface ChoiceProps extends TextProps {
  readonly options: readonly (readonly [string, ComponentChildren])[];
}

const Choice = ({ label, name, value, options, change }: ChoiceProps) => (
  <label class="field">
    <span>{label}</span>
    <select name={name} value={value} onChange={(event) => change(event.currentTarget.value)}>
      {options.map(([option, text]) => (
        <option key={option} value={option}>
          {text}
        </option>
      ))}
    </select>
  </label>
);
