/** What the server's stream of changes can be asked for. */
export const TOPICS = [
  'federation',
  'rotations',
  'replication',
  'adoption',
  'authorities',
  'intentions',
  'services',
  'tokens',
  'ledger',
  'audit',
] as const;

export type Topic = (typeof TOPICS)[number];

export const isTopic = (name: string): name is Topic => (TOPICS as readonly string[]).includes(name);

/** The topics whose events carry the whole present answer of their GET route; the others only say that it changed. */
export const CARRIED: Partial<Record<Topic, string>> = {
  federation: '/v1/operator/federation',
  rotations: '/v1/connect/ca/rotations',
  replication: '/v1/replication',
  adoption: '/v1/connect/ca/adoption',
  authorities: '/v1/connect/ca/authorities',
};
