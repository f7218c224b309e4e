// `npm run bench [-- --json] [-- --rounds=5] [-- --only=signing] [-- --leaves=10000] [-- --watches=1000]`: ratios against a limit that is measured in the same
// run, turn by turn. Nothing here passes or fails: figures depend on the machine, and are read by a person.
import { parseArgs } from 'node:util';
import { compareAuthorize } from './authorize.js';
import { canReadCpuTime } from './cpu-time.js';
import { compareLedger } from './ledger.js';
import { describeMachine } from './machine.js';
import { replication, type Result, resync, watches } from './results.js';
import { median } from './rounds.js';
import { rotateLeaves } from './rotation.js';
import { compareSigning } from './signing.js';

const SECONDS = 1;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string' },
    leaves: { type: 'string', default: '1000' },
    watches: { type: 'string', default: '10000' },
  },
});
const leaves = Math.min(10_000, Math.max(1, Number(values.leaves) || 1_000));
const watchers = Math.min(20_000, Math.max(1, Number(values.watches) || 10_000));
const rounds = Math.min(50, Math.max(1, Number(values.rounds) || 5));

/** One rotation is one figure: it takes a minute for 10,000 leaves, however often it is repeated. */
const rotation = async (): Promise<Result> => {
  const figures = await rotateLeaves(leaves);
  const {
    seconds,
    secondsUntilActive,
    leavesPerSecond,
    budgetPerSecond,
    signed,
    limited,
    reads,
    failedReads,
    agentMiB,
  } = figures;
  return {
    name: 'rotation',
    unit: 'leaves per second',
    measuredIs: `${leaves} leaves of one agent, renewed from when the next root signs`,
    referenceIs: 'what the CSR limit allows the datacenter',
    measured: [leavesPerSecond],
    reference: [budgetPerSecond],
    ratio: leavesPerSecond / budgetPerSecond,
    note: `${seconds.toFixed(1)} s in all, ${secondsUntilActive.toFixed(1)} s of them until the next root signed; ${signed} signed, ${limited} told to come back; ${failedReads} of ${reads} reads of leaves failed; agent ${Math.round(agentMiB)} MiB`,
  };
};

const BENCHES: Readonly<Record<string, () => Promise<Result>>> = {
  signing: async () => ({
    name: 'signing',
    unit: 'per second of CPU',
    measuredIs: 'leaf: CSR in, chain out (EC P-256), its product verified too',
    referenceIs: 'openssl speed: one P-256 signature and one verification',
    ...(await compareSigning(rounds, SECONDS)),
  }),
  ledger: async () => {
    const { commitsPerLeaf, ...comparison } = await compareLedger(rounds, SECONDS);
    return {
      name: 'ledger',
      unit: "per second of the server's CPU",
      measuredIs: 'leaf, recorded in the ledger of a real PostgreSQL before it is signed, 64 callers at once',
      referenceIs: 'the same leaf, recorded nowhere',
      note: `${commitsPerLeaf.toFixed(3)} commits per leaf`,
      ...comparison,
    };
  },
  authorize: async () => ({
    name: 'authorize',
    unit: canReadCpuTime ? "per second of the server's CPU" : 'per second',
    measuredIs: 'POST /v1/agent/connect/authorize of an agent, over loopback',
    referenceIs: 'node:http alone, answering the same bytes',
    ...(await compareAuthorize(rounds, 2 * SECONDS)),
  }),
  rotation,
  replication,
  resync,
  watches: () => watches(watchers),
};

const figure = (list: readonly number[]): string => Math.round(median(list)).toLocaleString('en').padStart(9);

const chosen = Object.entries(BENCHES).filter(([name]) => values.only === undefined || values.only === name);
if (chosen.length === 0) {
  process.stderr.write(`--only is one of: ${Object.keys(BENCHES).join(', ')}\n`);
  process.exit(2);
}

const machine = describeMachine();
if (!values.json) {
  for (const [name, value] of Object.entries(machine)) process.stdout.write(`${name.padEnd(12)} ${value}\n`);
}
const results: Result[] = [];
for (const [name, bench] of chosen) {
  if (!values.json) process.stdout.write(`\n${name}: ${rounds} rounds …\n`);
  const result = await bench();
  results.push(result);
  if (values.json) continue;
  process.stdout.write(`  ${figure(result.measured)} ${result.unit}   ${result.measuredIs}\n`);
  process.stdout.write(`  ${figure(result.reference)} ${result.unit}   ${result.referenceIs}\n`);
  process.stdout.write(`  ratio ${result.ratio.toFixed(2)} (median of ${rounds})\n`);
  if (result.note !== undefined) process.stdout.write(`  ${result.note}\n`);
}
if (values.json) process.stdout.write(`${JSON.stringify({ machine, rounds, results }, null, 2)}\n`);
