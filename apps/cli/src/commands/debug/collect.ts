import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { BanyanError, isBanyanError, messageOf, parsedJson } from '@banyan/kernel';
import { anything } from '../../api/api-client.js';
import { Bundle } from '../../bundle/bundle.js';
import { keepFields } from '../../bundle/keep-fields.js';
import { keepLogLine } from '../../bundle/keep-log.js';
import type { Scrubber } from '../../bundle/scrubber.js';
import { Progress } from '../../output/progress.js';
import type { Session } from '../../session/session.js';
import { VERSION } from '../../version.js';
import { ANSWERS } from './answers.js';

const ANSWER_LIMIT_MS = 60_000;

/** What was asked for and did not come, by file. */
export type Missing = Record<string, { readonly Code: string; readonly Message: string }>;

/** Asks everything; what is refused or not there is told in `missing`, and is no failure. */
export const addAnswers = async (session: Session, bundle: Bundle, scrubber: Scrubber): Promise<Missing> => {
  const progress = new Progress(session.out.errors, 'answers');
  const missing: Missing = {};
  for (const [position, [name, path, query]] of ANSWERS.entries()) {
    if (session.out.errors.isTTY === true) progress.update({ share: position / ANSWERS.length, text: name });
    try {
      const request = { path, shape: anything, limitMs: ANSWER_LIMIT_MS, ...(query && { query }) };
      bundle.addJson(`answers/${name}`, keepFields((await session.api.ask(request)).value, scrubber));
    } catch (error) {
      if (!isBanyanError(error)) throw error;
      missing[name] = { Code: error.code, Message: scrubber.text(error.message) };
      // Nobody is there: the others would wait in vain, too.
      if (error.code === 'SERVER_UNREACHABLE' && position === 0) break;
    }
  }
  progress.stop();
  return missing;
};

/** Readiness and metrics, which are no answers of the API. */
export const addProbes = async ({ api }: Session, bundle: Bundle, scrubber: Scrubber): Promise<void> => {
  for (const [name, path] of [
    ['readyz', '/readyz?strict'],
    ['metrics', '/metrics'],
  ] as const) {
    const probe = await api.probe(path).catch((error: unknown) => ({ status: 0, text: messageOf(error) }));
    if (name === 'metrics' && probe.status === 200) {
      bundle.addText(
        'metrics.txt',
        probe.text
          .split('\n')
          .map((line) => scrubber.text(line))
          .join('\n'),
      );
      continue;
    }
    const parsed = parsedJson(probe.text);
    const body = typeof parsed === 'object' ? keepFields(parsed, scrubber) : { text: scrubber.text(probe.text) };
    bundle.addJson(name, { Status: probe.status, Body: body });
  }
};

/** The last lines of log files. Throws `CONFIG_INVALID` for one that cannot be read. */
export const addLogs = async (
  files: readonly string[],
  lines: number,
  into: { readonly bundle: Bundle; readonly scrubber: Scrubber },
): Promise<void> => {
  for (const [position, path] of files.entries()) {
    const text = await readFile(path, 'utf8').catch((cause: unknown) => {
      throw new BanyanError('CONFIG_INVALID', `${path} cannot be read: ${messageOf(cause)}`, { cause });
    });
    const kept = text
      .trimEnd()
      .split('\n')
      .slice(-lines)
      .map((line) => keepLogLine(line, into.scrubber));
    into.bundle.addText(`logs/${position + 1}-${basename(path).slice(0, 40)}`, `${kept.join('\n')}\n`);
  }
};

/** What this machine is, as far as it matters. */
export const machineOf = (now: number): Readonly<Record<string, unknown>> => ({
  MadeAt: new Date(now).toISOString(),
  Version: VERSION,
  NodeVersion: process.version,
  Platform: process.platform,
  Architecture: process.arch,
});
