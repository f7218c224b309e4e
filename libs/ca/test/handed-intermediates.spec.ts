import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Certificate, createCsr, generateKeyPair } from '@banyan/pki';
import { FakeTime, withTestStore } from '@banyan/testkit';
import { CA_ENTITIES } from '../src/index.js';
import { type CaBench, openCaBench } from './ca-bench.js';

const stores = withTestStore(CA_ENTITIES);
const never = new AbortController().signal;
const DAY = 24 * 3_600_000;

describe('a request for an intermediate that comes again', () => {
  let time: FakeTime;
  let bench: CaBench;
  beforeEach(async () => {
    time = new FakeTime();
    bench = await openCaBench(await stores.open(), time.clock);
  });
  afterEach(() => bench.stop());

  const request = async (): Promise<string> => {
    const keyPair = await generateKeyPair({ type: 'ec', bits: 256 });
    return createCsr({ keyPair, uri: `spiffe://${bench.projection.getTrustDomain().name}`, ca: true });
  };
  const sign = async (csrPem: string, datacenter = 'dc2'): Promise<Certificate> => {
    const { certificatePem } = await bench.root.signIntermediate(csrPem, { datacenter }, never);
    return Certificate.fromPem(certificatePem);
  };
  const recorded = (): number => bench.recorder.entries.filter(({ kind }) => kind === 'intermediate').length;

  it('gets the certificate of the first time, signed and recorded once', async () => {
    const csr = await request();
    const before = recorded();
    const first = await sign(csr);
    time.jump(DAY / 24);
    expect((await sign(csr)).serialHex).toBe(first.serialHex);
    expect(recorded()).toBe(before + 1);
    expect((await sign(await request())).serialHex).not.toBe(first.serialHex);
    expect((await sign(csr, 'dc3')).serialHex).not.toBe(first.serialHex);
    expect(recorded()).toBe(before + 3);
  });

  it('gets one certificate when it is asked twice at the same time', async () => {
    const csr = await request();
    const both = await Promise.all([sign(csr), sign(csr)]);
    expect(both[0].serialHex).toBe(both[1].serialHex);
    expect((await sign(csr)).serialHex).toBe(both[0].serialHex);
  });

  it('gets a new one once a tenth of its life is over: what is handed out is not renewed at once', async () => {
    const csr = await request();
    const first = await sign(csr);
    time.jump((first.notAfter - first.notBefore) * 0.11);
    const second = await sign(csr);
    expect(second.serialHex).not.toBe(first.serialHex);
    expect((await sign(csr)).serialHex).toBe(second.serialHex);
  });
});
