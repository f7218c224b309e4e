import { type DatacenterAdoption, datacenterAdoptionSchema } from '@banyan/adoption';
import type { DatacenterRegistry } from '@banyan/federation';
import type { Clock } from '@banyan/kernel';
import { AdoptionEvidence, type DatacenterEvidence } from '@banyan/rotation';
import { z } from 'zod';

/** What {@link RegisteredEvidence} needs. */
export interface RegisteredEvidenceParts {
  /** The primary's own name. */
  readonly datacenter: string;
  readonly registry: DatacenterRegistry;
  /** The primary's own adoption. */
  readonly adoption: { read(): Promise<DatacenterAdoption> };
  readonly clock: Clock;
}

const reportWithAdoption = z.object({ adoption: datacenterAdoptionSchema });

/** The primary's own adoption, and what every other datacenter of the registry last reported. */
export class RegisteredEvidence extends AdoptionEvidence {
  constructor(private readonly parts: RegisteredEvidenceParts) {
    super();
  }

  override async datacenters(): Promise<readonly DatacenterEvidence[]> {
    const { datacenter, registry, adoption, clock } = this.parts;
    const own = { datacenter, isPrimary: true, adoption: await adoption.read(), reportedAt: clock.now() };
    const others = [...(await registry.reports())].filter(([name]) => name !== datacenter);
    return [own, ...others.map(([name, { report, reportedAt }]) => evidenceOf(name, report, reportedAt))];
  }
}

/** A datacenter that never reported, or not in this form, is listed without an adoption: it blocks by name. */
const evidenceOf = (
  datacenter: string,
  report: unknown,
  reportedAt: DatacenterEvidence['reportedAt'] | null,
): DatacenterEvidence => {
  const parsed = reportWithAdoption.safeParse(report);
  if (!parsed.success || reportedAt === null || reportedAt === undefined) return { datacenter, isPrimary: false };
  return { datacenter, isPrimary: false, adoption: parsed.data.adoption, reportedAt };
};
