import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { RootRequest } from '@banyan/ca';
import { type BanyanError, HOUR, isBanyanError, SystemRandom } from '@banyan/kernel';
import { Certificate } from '@banyan/pki';
import { FakeTime } from '@banyan/testkit';
import { AwsPcaKind, type ProviderSubject, type ProviderSurroundings, rootProviderContract } from '../src/index.js';
import { calm, holding, QuickTimers, surroundings } from './edges.js';
import { LocalAws } from './local-aws/local-aws.js';

const TRUST_DOMAIN = '6f1d0c52-9a3b-4e07-8d15-2b7c9e40aa61.consul';
const CREDENTIALS = { accessKeyId: 'test-key', secretAccessKey: 'test-secret' };
let aws: LocalAws;
const kinds: AwsPcaKind[] = [];

beforeAll(async () => {
  aws = await LocalAws.start();
});
afterAll(async () => {
  for (const kind of kinds) await kind.stop();
  await aws.stop();
});
afterEach(() => {
  aws.denied.clear();
});

const quick = () => ({ ...surroundings(), timers: new QuickTimers() });
const kindWith = (credentials = CREDENTIALS, own: ProviderSurroundings = quick()): AwsPcaKind => {
  const kind = new AwsPcaKind(own, credentials);
  kinds.push(kind);
  return kind;
};
const options = (): Record<string, string> => ({ Region: 'eu-central-1', Endpoint: aws.endpoint });
const request = (over: Partial<RootRequest> = {}): RootRequest => ({
  rotationId: new SystemRandom().uuid(),
  trustDomain: TRUST_DOMAIN,
  commonName: 'pri-a.banyan',
  keySpec: { type: 'ec', bits: 256 },
  lifetimeMs: 48 * HOUR,
  now: surroundings().clock.now(),
  ...over,
});
const failure = async (work: Promise<unknown>): Promise<BanyanError> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (isBanyanError(error)) return error;
  throw new Error('a coded error was expected', { cause: error });
};

const subject = (own: Record<string, unknown>, makesRoots: boolean): ProviderSubject => {
  const { clock, random } = surroundings();
  const ec256 = { type: 'ec', bits: 256 } as const;
  return {
    kind: kindWith(),
    options: { ...options(), ...own },
    now: () => clock.now(),
    random,
    abilities: {
      makesRoots,
      crossSigns: false,
      finds: true,
      destroys: true,
      keySpecs: makesRoots ? [ec256, { type: 'ec', bits: 384 }, { type: 'rsa', bits: 2048 }] : [ec256],
    },
  };
};

describe('the contract of providers, kept by AWS Private CA', () => {
  for (const { name, run } of rootProviderContract(() => subject({}, true))) it(name, run, 30_000);
});

const existing = async (): Promise<string> => {
  const { keyReference } = await kindWith().open(options()).provide(request(), calm());
  return (JSON.parse(keyReference) as { arn: string }).arn;
};

describe("the contract of providers, kept with an authority of the operator's", () => {
  const checks = rootProviderContract(async () => subject({ ExistingARN: await existing() }, false));
  for (const { name, run } of checks) it(name, run, 30_000);
});

/** Lets time pass from wait to wait until the work has ended; how many waits that took. */
const passingOf = async (time: FakeTime, work: Promise<unknown>): Promise<number> => {
  const end = work.then(() => 'ended' as const);
  for (let waits = 0; waits < 1_000;) {
    if (time.waits.length > 0) {
      await time.advance(time.waits[0]!);
      waits += 1;
    }
    const turn = new Promise<'turn'>((resolve) => setImmediate(() => resolve('turn')));
    if ((await Promise.race([end, turn])) === 'ended') return waits;
  }
  throw new Error('the work goes on for ever');
};

describe('AWS Private CA', () => {
  it('completes the authority of a rotation from wherever a crash left it, and makes no second one', async () => {
    const asked = request();
    aws.denied.set('IssueCertificate', { type: 'ServiceUnavailableException', status: 503 });
    const error = await failure(kindWith().open(options()).provide(asked, calm()));
    expect(error).toMatchObject({ code: 'PROVIDER_UNREACHABLE' });
    aws.denied.clear();
    const before = aws.authorities.size;
    const { certificatePem } = await kindWith().open(options()).provide(asked, calm());
    expect(aws.authorities.size).toBe(before);
    expect(Certificate.fromPem(certificatePem).uris).toEqual([`spiffe://${TRUST_DOMAIN}`]);
  });

  it('gives up on a certificate that does not come, after a time', async () => {
    const time = new FakeTime();
    const provider = kindWith(CREDENTIALS, { ...surroundings(), clock: time.clock, timers: time.timers }).open(
      options(),
    );
    aws.denied.set('GetCertificate', { type: 'RequestInProgressException', status: 400 });
    const work = failure(provider.provide(request({ now: time.now }), calm()));
    const stop = await passingOf(time, work);
    expect(stop).toBeGreaterThan(20);
    expect(await work).toMatchObject({
      code: 'PROVIDER_UNREACHABLE',
      message: 'AWS has no certificate ready after 90 s',
    });
  });

  it.each([
    [
      'AccessDeniedException',
      400,
      'PROVIDER_REFUSED',
      'AWS denies acm-pca:ListCertificateAuthorities: allow it in the IAM policy',
    ],
    ['ExpiredTokenException', 400, 'PROVIDER_REFUSED', 'the AWS session has expired: renew its credentials'],
    ['ThrottlingException', 400, 'PROVIDER_UNREACHABLE', 'acm-pca:ListCertificateAuthorities has no answer now'],
    ['InternalFailure', 500, 'PROVIDER_UNREACHABLE', 'acm-pca:ListCertificateAuthorities has no answer now'],
    ['LimitExceededException', 400, 'PROVIDER_REFUSED', 'an AWS quota is reached'],
  ])('says what to do about %s', async (type, status, code, text) => {
    aws.denied.set('ListCertificateAuthorities', { type, status });
    const error = await failure(kindWith().open(options()).provide(request(), calm()));
    expect(error).toMatchObject({ code, message: holding(text) });
  });

  it('names a key that AWS does not know, and shows no secret', async () => {
    const kind = kindWith({ accessKeyId: 'wrong', secretAccessKey: 'very-secret' });
    const error = await failure(kind.open(options()).provide(request(), calm()));
    expect(error).toMatchObject({
      code: 'PROVIDER_REFUSED',
      message: 'acm-pca:ListCertificateAuthorities fails: AWS does not know the access key: replace it',
    });
    expect(JSON.stringify([error.message, error.fields])).not.toContain('very-secret');
  });

  it('says that nothing answers', async () => {
    const gone = await LocalAws.start();
    const { endpoint } = gone;
    await gone.stop();
    const error = await failure(
      kindWith()
        .open({ ...options(), Endpoint: endpoint })
        .provide(request(), calm()),
    );
    expect(error).toMatchObject({ code: 'PROVIDER_UNREACHABLE' });
  });

  it.each([
    ['ACTIVE', 'ready', undefined],
    ['DISABLED', 'drift', 'is DISABLED, not ACTIVE'],
    ['EXPIRED', 'drift', 'is EXPIRED, not ACTIVE'],
  ])('sees an authority that is %s', async (status, kind, reason) => {
    const provider = kindWith().open(options());
    const { keyReference, certificatePem } = await provider.provide(request(), calm());
    aws.authorities.get((JSON.parse(keyReference) as { arn: string }).arn)!.status = status;
    const seen = await provider.inspect(keyReference, certificatePem, calm());
    expect(seen).toEqual(reason === undefined ? { kind } : { kind, reason: holding(reason) });
  });

  it('sees an authority that is gone as drift, and one that may not be looked at as unreachable', async () => {
    const provider = kindWith().open(options());
    const { keyReference, certificatePem } = await provider.provide(request(), calm());
    aws.denied.set('DescribeCertificateAuthority', { type: 'AccessDeniedException', status: 400 });
    expect(await provider.inspect(keyReference, certificatePem, calm())).toMatchObject({ kind: 'unreachable' });
    aws.denied.clear();
    aws.authorities.delete((JSON.parse(keyReference) as { arn: string }).arn);
    expect(await provider.inspect(keyReference, certificatePem, calm())).toMatchObject({ kind: 'drift' });
  });

  it('tries an existing authority with throwaways, and creates none for a trial', async () => {
    const kind = kindWith();
    const { clock, random } = surroundings();
    const asked = { trustDomain: TRUST_DOMAIN, keySpec: { type: 'ec', bits: 256 }, now: clock.now(), random } as const;
    const { keyReference } = await kind.open(options()).provide(request(), calm());
    const { arn } = JSON.parse(keyReference) as { arn: string };
    const before = aws.authorities.size;
    const steps = await kind.preflight({ ...options(), ExistingARN: arn }, asked, calm());
    expect(steps.map(({ step, outcome, code }) => [step, outcome, code])).toEqual([
      ['provide', 'ok', undefined],
      ['sign-intermediate', 'ok', undefined],
      ['cross-sign', 'failed', 'PROVIDER_CANNOT_CROSS_SIGN'],
      ['inspect', 'ok', undefined],
      ['destroy', 'ok', undefined],
    ]);
    expect(aws.authorities.get(arn)!.status).toBe('ACTIVE');
    const cheap = await kind.preflight(options(), asked, calm());
    expect(cheap.map(({ step, outcome }) => [step, outcome])).toEqual([
      ['inspect', 'ok'],
      ['sign-intermediate', 'skipped'],
      ['destroy', 'skipped'],
    ]);
    expect(aws.authorities.size).toBe(before);
  });

  it.each([
    [{ ExistingARN: 'arn:aws:iam::1:role/x' }, 'ExistingARN has a form that is not allowed'],
    [{ Region: 'Frankfurt am Main' }, 'Region has a form that is not allowed'],
    [{ Endpoint: 'ftp://x' }, 'Endpoint has a form that is not allowed'],
    [{ DeleteOnExit: 'perhaps' }, 'DeleteOnExit has a form that is not allowed'],
  ])('refuses %j by name', async (own, text) => {
    const error = await failure((async () => kindWith().open(own))());
    expect(error).toMatchObject({ code: 'CA_CONFIG_INVALID', message: `error configuring provider: ${text}` });
  });

  it('refuses a key that AWS has not', async () => {
    const error = await failure(
      kindWith()
        .open(options())
        .provide(request({ keySpec: { type: 'ec', bits: 521 } }), calm()),
    );
    expect(error).toMatchObject({ code: 'CA_CONFIG_INVALID' });
  });
});
