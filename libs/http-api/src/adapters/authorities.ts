import { CA_TOPICS, CaProjection } from '@banyan/ca';
import { Clock } from '@banyan/kernel';
import { Injectable } from '@nestjs/common';
import { wireAuthorities } from '../domain/wire-authorities.js';
import { FederationDirectory } from '../ports/federation-directory.js';
import { EventHub } from './event-hub.js';

/** Leaves come and go, and life passes: slower than what a person watches. */
const LOOK_MS = 5_000;

/** The tree of trust, for its route and for who follows it. */
@Injectable()
export class Authorities {
  constructor(
    private readonly ca: CaProjection,
    private readonly federation: FederationDirectory,
    private readonly clock: Clock,
    hub: EventHub,
  ) {
    hub.offer({ topic: 'authorities', followed: CA_TOPICS, everyMs: LOOK_MS, read: () => this.read() });
  }

  /** Throws `STORE_UNREACHABLE`. */
  async read(): Promise<object> {
    const { datacenters } = await this.federation.read();
    return wireAuthorities({ roots: this.ca.state.roots, datacenters, now: this.clock.now() });
  }
}
