import { Command } from 'commander';
import { connectionFrom } from '../../connection.js';
import { counted } from '../../output/words.js';
import type { GlobalOptions } from '../../session/global-options.js';
import { inSession, type Session } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { assessMesh } from '../status/assess-mesh.js';
import { exitCodeOfFindings, type Finding, type Grade, wireFinding } from '../status/finding.js';
import { findingsText } from '../status/findings-view.js';
import { askMesh, type MeshAnswers, noAnswer, valueOf } from '../status/mesh-answers.js';
import { checkConnection, checkHealth, checkHttpsCertificate } from './check-connection.js';
import { checkCertificateFile, checkDataFolder, checkSecretFile } from './check-files.js';
import { checkPorts, checkReplicationTokens, checkToken, checkVersions } from './check-mesh.js';

const EXAMPLES = `
Every check is graded, and one that is not ok says what to do. What is on this machine is checked even when nobody answers.
Ends with 0 when all is well, 8 with warnings, 9 with failures. The token should have operator:read.

Examples:
  banyan doctor
  banyan doctor --data-dir /var/lib/banyan --cert /etc/banyan/http.pem
  banyan doctor -o json
`;

interface DoctorOptions {
  readonly dataDir?: string;
  readonly cert: readonly string[];
}

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];

/** What needs no answer of anybody. */
const checkMachine = async (
  { surroundings }: Session,
  options: DoctorOptions & GlobalOptions,
): Promise<readonly Finding[]> => {
  const { env, clock } = surroundings;
  const tokenFile = options.tokenFile ?? (env['BANYAN_HTTP_TOKEN_FILE'] || env['CONSUL_HTTP_TOKEN_FILE'] || undefined);
  const folder = options.dataDir ?? (env['BANYAN_DATA_DIR'] || undefined);
  const served = env['BANYAN_HTTP_TLS_CERT_FILE'];
  const files = [options.caFile, options.clientCert, served, ...options.cert].filter((path) => path);
  const lists = await Promise.all([
    tokenFile === undefined ? [] : checkSecretFile(tokenFile, 'token file').then((finding) => [finding]),
    folder === undefined
      ? [{ area: 'disk', grade: 'skipped' as const, text: 'no data folder is named: --data-dir or BANYAN_DATA_DIR' }]
      : checkDataFolder(folder),
    ...files.map((path = '') => checkCertificateFile(path, clock.now())),
    checkHttpsCertificate(connectionFrom(options, env), clock.now()),
  ]);
  return lists.flat();
};

/** What the asked process and its mesh answer. */
const checkAnswers = async (
  session: Session,
  answers: MeshAnswers,
  options: GlobalOptions,
): Promise<readonly Finding[]> => {
  const federation = valueOf(answers.federation);
  const replication = valueOf(answers.replication);
  const token = checkToken(answers.token, session, options.token !== undefined);
  const isSilent = noAnswer(answers) !== undefined && 'error' in answers.roots;
  if (isSilent) {
    return [...token, { area: 'mesh', grade: 'skipped', text: 'nobody answers, so nothing of the mesh was looked at' }];
  }
  return [
    ...token,
    ...(replication === undefined ? [] : checkReplicationTokens(replication)),
    ...(federation === undefined ? [] : checkVersions(federation)),
    ...assessMesh(answers, session.surroundings.clock.now()),
    ...(await checkPorts(answers, session.api.address)),
  ];
};

/** The order of areas: what everything else depends on first. */
const sorted = (findings: readonly Finding[]): readonly Finding[] => {
  const areas = [...new Set(findings.map(({ area }) => area))];
  return areas.flatMap((area) => findings.filter((finding) => finding.area === area));
};

const countsText = (findings: readonly Finding[]): string => {
  const count = (grade: Grade): number => findings.filter((finding) => finding.grade === grade).length;
  return [
    counted(findings.length, 'check'),
    `${count('ok')} ok`,
    counted(count('warning'), 'warning'),
    counted(count('failure'), 'failure'),
    `${count('skipped')} skipped`,
  ].join(', ');
};

/** `banyan doctor`. */
export const doctorCommand = (surroundings: Surroundings): Command =>
  new Command('doctor')
    .description('check certificates, clocks, tokens, links, disk, versions and ports, each with what to do')
    .option('--data-dir <folder>', 'data folder of the server or agent of this machine (BANYAN_DATA_DIR)')
    .option('--cert <file>', 'another certificate to check; may be repeated', collect, [])
    .addHelpText('after', EXAMPLES)
    .action(
      inSession<DoctorOptions>(surroundings, async (session, options) => {
        const [connection, health, machine, answers] = await Promise.all([
          checkConnection(session),
          checkHealth(session),
          checkMachine(session, options),
          askMesh(session.api),
        ]);
        const mesh = await checkAnswers(session, answers, options);
        const findings = sorted([...connection, ...health, ...machine, ...mesh]);
        const exitCode = exitCodeOfFindings(findings);
        session.out.show(
          { Address: session.api.address, ExitCode: exitCode, Findings: findings.map(wireFinding) },
          (_, paint) => `${findingsText(findings, paint)}\n${countsText(findings)}\n`,
        );
        surroundings.exitCode = exitCode;
      }),
    );
