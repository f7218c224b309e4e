import { BanyanError, epochMs, SecretText } from '@banyan/kernel';
import { describe, expect, it } from '@jest/globals';
import { checkToken } from '../src/secondary/token-check.js';

const TOKEN = new SecretText('a-secret-of-the-test');

const scope = (name: string, allowed: boolean) => ({
  scope: name,
  datacenter: 'dc2',
  allowed,
  reason: allowed ? '' : 'not in its role',
});

const answering = (...allowed: readonly boolean[]) => ({
  ask: () =>
    Promise.resolve({
      accessorId: 'a',
      isWider: false,
      checkedAt: epochMs(1),
      scopes: ['replication:read', 'ca:sign-intermediate'].map((name, at) => scope(name, allowed[at] === true)),
    }),
});

const nobodyAnswers = () => Promise.reject(new BanyanError('DATACENTER_UNREACHABLE', 'no server of dc1 answers'));

describe('checkToken', () => {
  it('lets a token pass that may do all that is needed', async () => {
    expect(await checkToken(answering(true, true), TOKEN)).toEqual({ checked: true, reason: '' });
  });

  it('refuses one by the scopes it lacks, and does not name its secret', async () => {
    const refused = checkToken(answering(false, false), TOKEN);
    await expect(refused).rejects.toMatchObject({ name: 'BanyanError', code: 'REQUEST_INVALID' });
    const message = await refused.catch((error: unknown) => String(error));
    expect(message).toContain('NOT_PERMITTED: for dc2 the token lacks replication:read, ca:sign-intermediate');
    expect(message).not.toContain(TOKEN.reveal());
  });

  it('takes one when the primary cannot be asked, and says so', async () => {
    const reason = 'the primary could not be asked (DATACENTER_UNREACHABLE): no server of dc1 answers';
    expect(await checkToken({ ask: nobodyAnswers }, TOKEN)).toEqual({ checked: false, reason });
  });

  it('hides no defect', async () => {
    await expect(checkToken({ ask: () => Promise.reject(new TypeError('a defect')) }, TOKEN)).rejects.toThrow(
      TypeError,
    );
  });
});
