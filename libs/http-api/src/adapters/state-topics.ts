import { Clock } from '@banyan/kernel';
import { ROTATION_TOPICS, RotationReader, toWireRotation } from '@banyan/rotation';
import { Injectable } from '@nestjs/common';
import { toWireAdoption } from '../domain/wire-adoption.js';
import { wireFederation } from '../domain/wire-federation.js';
import { wireReplication } from '../domain/wire-replication.js';
import { AdoptionDirectory } from '../ports/adoption-directory.js';
import { FederationDirectory } from '../ports/federation-directory.js';
import { ReplicationDesk } from '../ports/replication-desk.js';
import { EventHub } from './event-hub.js';

/** What is no state with an index is looked at once per second, while somebody watches. */
const LOOK_MS = 1_000;

/** The topics whose events carry the answer of their route. */
@Injectable()
export class StateTopics {
  constructor(
    hub: EventHub,
    federation: FederationDirectory,
    rotations: RotationReader,
    replication: ReplicationDesk,
    adoption: AdoptionDirectory,
    clock: Clock,
  ) {
    hub.offer({
      topic: 'federation',
      followed: ['datacenter'],
      everyMs: LOOK_MS,
      read: async () => wireFederation(await federation.read(), clock.now()),
    });
    hub.offer({ topic: 'rotations', followed: ROTATION_TOPICS, read: () => rotations.list().map(toWireRotation) });
    hub.offer({
      topic: 'replication',
      followed: [],
      everyMs: LOOK_MS,
      read: async () => wireReplication(await replication.view()),
    });
    hub.offer({
      topic: 'adoption',
      followed: [],
      everyMs: LOOK_MS,
      read: async () => toWireAdoption(await adoption.read()),
    });
  }
}
