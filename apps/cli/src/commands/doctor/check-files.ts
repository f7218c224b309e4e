import { X509Certificate } from 'node:crypto';
import { readdir, readFile, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@banyan/kernel';
import { lifeUsedOf } from '../../output/life-used.js';
import { percentText, timeText } from '../../output/words.js';
import { fine, type Finding } from '../status/finding.js';
import { certificateBlocks } from '../ca/local-inspection.js';

const FREE_SHARE = { warning: 0.1, failure: 0.03 } as const;
const CERTIFICATE_LIFE = { warning: 0.8, failure: 1 } as const;
const OTHERS = 0o077;
/** Files of a data folder that hold keys or secrets; docs/architecture.md, §1. */
const SECRET_FILES = /^(?:kek|identity\.json|services\.json|.*\.token|.*\.key)$/;

/** That nobody else may read a file with a secret. */
export const checkSecretFile = async (path: string, name: string): Promise<Finding> => {
  try {
    const { mode } = await stat(path);
    if ((mode & OTHERS) === 0) return fine('files', `${name} ${path} is readable by its owner only`);
    const text = `${name} ${path} can be read by others (mode ${(mode & 0o777).toString(8)})`;
    return { area: 'files', grade: 'warning', text, next: `chmod 600 ${path}` };
  } catch (error) {
    return { area: 'files', grade: 'failure', text: `${name}: ${messageOf(error)}`, next: 'correct the path' };
  }
};

/** How full the file system of a data folder is, and who may read what is secret in it. */
export const checkDataFolder = async (folder: string): Promise<readonly Finding[]> => {
  try {
    const { bavail, blocks } = await statfs(folder);
    const free = blocks === 0 ? 1 : bavail / blocks;
    const text = `${folder}: ${percentText(free)} free`;
    const grade = free < FREE_SHARE.failure ? 'failure' : free < FREE_SHARE.warning ? 'warning' : 'ok';
    const space: Finding =
      grade === 'ok' ? fine('disk', text) : { area: 'disk', grade, text, next: 'make room, or move the data folder' };
    const names = (await readdir(folder)).filter((name) => SECRET_FILES.test(name)).toSorted();
    const secrets = await Promise.all(names.map((name) => checkSecretFile(join(folder, name), 'secret file')));
    return [space, ...secrets];
  } catch (error) {
    const next = 'name it with --data-dir, as BANYAN_DATA_DIR of the server or agent of this machine';
    return [{ area: 'disk', grade: 'failure', text: `${folder}: ${messageOf(error)}`, next }];
  }
};

/** The lives of the certificates in a file. */
export const checkCertificateFile = async (path: string, now: number): Promise<readonly Finding[]> => {
  try {
    return certificateBlocks(await readFile(path, 'utf8')).map((pem): Finding => {
      const { subject, validFrom, validTo } = new X509Certificate(pem);
      return certificateFinding(`${path}: ${subject ?? ''}`, { from: validFrom, to: validTo }, now);
    });
  } catch (error) {
    return [{ area: 'certificates', grade: 'failure', text: `${path}: ${messageOf(error)}`, next: 'correct the path' }];
  }
};

/** The life of one certificate; `from` and `to` as OpenSSL writes them. */
export const certificateFinding = (
  name: string,
  { from, to }: { readonly from: string; readonly to: string },
  now: number,
): Finding => {
  const [NotBefore, NotAfter] = [new Date(Date.parse(from)).toISOString(), new Date(Date.parse(to)).toISOString()];
  const used = lifeUsedOf({ NotBefore, NotAfter }, now);
  const isEarly = now < Date.parse(from);
  const text = `${name.replaceAll('\n', ', ')}: ${percentText(used)} of its life used, until ${timeText(NotAfter)}`;
  if (isEarly) {
    return {
      area: 'certificates',
      grade: 'failure',
      text: `${name} is not valid yet`,
      next: 'compare the clocks: NTP',
    };
  }
  const grade = used >= CERTIFICATE_LIFE.failure ? 'failure' : used >= CERTIFICATE_LIFE.warning ? 'warning' : 'ok';
  return grade === 'ok' ? fine('certificates', text) : { area: 'certificates', grade, text, next: 'renew it' };
};
