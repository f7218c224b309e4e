import { createHash } from 'node:crypto';
import type { EpochMs } from '@banyan/kernel';
import type { Store } from '@banyan/store';

/** The request of a datacenter under a root: the same key, the same root, the same name. */
export interface HandedOrder {
  readonly rootId: string;
  readonly datacenter: string;
  /** The CSR as it was sent. */
  readonly request: Uint8Array;
}

/** The intermediates that were signed here, so that a request whose answer was lost gets the same answer again. */
export class HandedIntermediates {
  constructor(private readonly store: Store) {}

  /** The certificate in PEM. */
  async find(order: HandedOrder): Promise<string | undefined> {
    const [row] = await this.store.dataSource.query<{ certificate_pem: string }[]>(
      'SELECT certificate_pem FROM handed_intermediate WHERE root_id = $1 AND datacenter = $2 AND request_sha256 = $3',
      keyOf(order),
    );
    return row?.certificate_pem;
  }

  /**
   * Keeps the certificate as the answer from now on, and forgets those that have ended. Of two servers that signed the same
   * request at the same time the first one's certificate is the answer of both; `replaced` is the one it is to stand for.
   */
  async keep(
    order: HandedOrder,
    certificate: { readonly pem: string; readonly notAfter: EpochMs },
    { replaced, now }: { readonly replaced: string | undefined; readonly now: EpochMs },
  ): Promise<string> {
    const { dataSource } = this.store;
    await dataSource.query('DELETE FROM handed_intermediate WHERE not_after <= $1', [new Date(now)]);
    await dataSource.query(
      `INSERT INTO handed_intermediate (root_id, datacenter, request_sha256, certificate_pem, not_after)
       VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (root_id, datacenter, request_sha256)
       DO UPDATE SET certificate_pem = excluded.certificate_pem, not_after = excluded.not_after
       WHERE handed_intermediate.certificate_pem = $6`,
      [...keyOf(order), certificate.pem, new Date(certificate.notAfter), replaced ?? ''],
    );
    return (await this.find(order)) ?? certificate.pem;
  }
}

const keyOf = ({ rootId, datacenter, request }: HandedOrder): unknown[] => [
  rootId,
  datacenter,
  createHash('sha256').update(request).digest(),
];
