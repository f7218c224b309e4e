/** What is asked for in the form of a rotation; fields as they were typed, empty for the default. */
export interface RotationOrder {
  readonly kind: 'root' | 'datacenter' | 'taint-root' | 'taint-datacenter';
  /** `ec 256`, `rsa 2048`; empty: a key like the present one. */
  readonly key: string;
  readonly datacenter: string;
  readonly rootId: string;
  readonly reason: string;
  readonly distributeWait: string;
  readonly verifyWindow: string;
  readonly retireGrace: string;
  readonly deadline: string;
  readonly withoutCrossSigning: boolean;
}

export const EMPTY_ORDER: RotationOrder = {
  kind: 'root',
  key: '',
  datacenter: '',
  rootId: '',
  reason: '',
  distributeWait: '',
  verifyWindow: '',
  retireGrace: '',
  deadline: '',
  withoutCrossSigning: false,
};

export const isTaint = ({ kind }: RotationOrder): boolean => kind === 'taint-root' || kind === 'taint-datacenter';

const given = (field: string, text: string): Record<string, string> =>
  text.trim() === '' ? {} : { [field]: text.trim() };

/** The route and the body that an order becomes; `DryRun` or `PlanHash` are added by who sends it. */
export function requestOf(order: RotationOrder): { readonly path: string; readonly body: Record<string, unknown> } {
  const reason = given('Reason', order.reason);
  if (isTaint(order)) {
    const what = order.kind === 'taint-root' ? { RootID: order.rootId } : { Datacenter: order.datacenter };
    return { path: '/v1/connect/ca/taint', body: { ...what, ...reason, ...given('Deadline', order.deadline) } };
  }
  const path = '/v1/connect/ca/rotations';
  if (order.kind === 'datacenter') return { path, body: { Scope: { Datacenter: order.datacenter }, ...reason } };
  return {
    path,
    body: {
      ...keyOf(order.key),
      ...reason,
      ...given('DistributeWait', order.distributeWait),
      ...given('VerifyWindow', order.verifyWindow),
      ...given('RetireGrace', order.retireGrace),
      ...(order.withoutCrossSigning && { ForceWithoutCrossSigning: true }),
    },
  };
}

function keyOf(key: string): Record<string, unknown> {
  const [type, bits] = key.split(' ');
  return type === undefined || bits === undefined
    ? {}
    : { Config: { PrivateKeyType: type, PrivateKeyBits: Number(bits) } };
}
