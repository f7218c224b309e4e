import type { BanyanError } from '@banyan/kernel';
import type { Finding } from './finding.js';
import { assessAgents, assessFederation, assessHeld, assessServers } from './assess-replication.js';
import { assessRoots, assessRotations, assessSigning } from './assess-trust.js';
import { type Asked, type MeshAnswers, valueOf } from './mesh-answers.js';

const notAsked = (area: string, error: BanyanError): Finding => ({
  area,
  grade: error.code === 'PERMISSION_DENIED' || error.code === 'ACL_NOT_FOUND' ? 'failure' : 'skipped',
  text: `cannot be looked at: ${error.message} [${error.code}]`,
  next: 'give a token with operator:read: --token-file or BANYAN_HTTP_TOKEN',
});

const looked = <T>(area: string, asked: Asked<T>, assess: (value: T) => readonly Finding[]): readonly Finding[] =>
  'value' in asked ? assess(asked.value) : [notAsked(area, asked.error)];

/** Everything that the answers of a mesh tell, in the order in which somebody asks at three in the morning. Pure. */
export const assessMesh = (answers: MeshAnswers, now: number): readonly Finding[] => {
  const roots = valueOf(answers.roots);
  const rotations = valueOf(answers.rotations) ?? [];
  return [
    ...looked('trust', answers.roots, (value) => assessRoots(value, now)),
    ...looked('trust', answers.federation, (value) => assessSigning(value, roots?.ActiveRootID ?? '', rotations)),
    ...looked('replication', answers.federation, assessFederation),
    ...looked('replication', answers.replication, assessHeld),
    ...looked('rotation', answers.rotations, assessRotations),
    ...looked('servers', answers.federation, (value) => assessServers(value, valueOf(answers.servers))),
    ...assessAgents(answers.adoptions),
  ];
};
