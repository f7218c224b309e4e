import { fileURLToPath } from 'node:url';
import { type Child, startChild } from './child.js';
import { canReadCpuTime, cpuSecondsOf } from './cpu-time.js';
import { applyLoad, type Load } from './load.js';
import { type Comparison, compare } from './rounds.js';
import { type SmallMesh, startSmallMesh } from './small-mesh.js';

const CONNECTIONS = 16;
const PATH = '/v1/agent/connect/authorize';
/** Left out of what the bare server repeats: node:http writes them itself. */
const OWN_HEADERS = new Set(['connection', 'date', 'keep-alive', 'transfer-encoding']);

const call = (mesh: SmallMesh, method: string, path: string, body: object): Promise<Response> =>
  fetch(`http://127.0.0.1:${mesh.agentPort}${path}`, {
    method,
    headers: { 'x-consul-token': mesh.token },
    body: JSON.stringify(body),
  });

const trustDomainOf = async (mesh: SmallMesh): Promise<string> => {
  const answer = await fetch(`http://127.0.0.1:${mesh.agentPort}/v1/agent/connect/ca/roots`);
  return ((await answer.json()) as { readonly TrustDomain: string }).TrustDomain;
};

/** An agent that has an intention for api in memory, and the question about it with its answer. */
const prepareQuestion = async (mesh: SmallMesh): Promise<{ body: string; answer: string; headers: string[] }> => {
  const rule = '/v1/connect/intentions/exact?source=web&destination=api';
  const written = await call(mesh, 'PUT', rule, { SourceType: 'consul', Action: 'allow' });
  if (!written.ok) throw new Error(`the intention was not written: ${await written.text()}`);
  const uri = `spiffe://${await trustDomainOf(mesh)}/ns/default/dc/dc1/svc/web`;
  const question = { Target: 'api', ClientCertURI: uri, ClientCertSerial: '00:01' };
  await call(mesh, 'POST', PATH, question); // fills the cache, so that the headers below are those of a hit
  const reply = await call(mesh, 'POST', PATH, question);
  const answer = await reply.text();
  if (!answer.includes('"Authorized":true')) throw new Error(`web may not call api: ${answer}`);
  const headers = [...reply.headers].filter(([name]) => !OWN_HEADERS.has(name)).flat();
  return { body: JSON.stringify(question), answer, headers };
};

/** Answers per second of the server's CPU, where that can be read, else per second. */
const measure = async (child: Child, load: Load): Promise<number> => {
  const before = canReadCpuTime ? cpuSecondsOf(child.pid) : 0;
  const answers = await applyLoad(load);
  return answers / (canReadCpuTime ? cpuSecondsOf(child.pid) - before : load.seconds);
};

/** `authorize` of a real agent against node:http answering the same bytes, turn by turn. */
export const compareAuthorize = async (rounds: number, seconds: number): Promise<Comparison> => {
  const mesh = await startSmallMesh();
  try {
    const { body, answer, headers } = await prepareQuestion(mesh);
    const bare = startChild(
      fileURLToPath(new URL('./bare-server.js', import.meta.url)),
      [answer, JSON.stringify(headers)],
      {},
    );
    try {
      const barePort = Number((await bare.until(/port (\d+)\n/, 10_000))[1]);
      const head = `POST ${PATH} HTTP/1.1\r\nHost: agent\r\nX-Consul-Token: ${mesh.token}\r\n`;
      const request = `${head}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      const load = { request, expected: answer, connections: CONNECTIONS, seconds };
      const ours = { ...load, port: mesh.agentPort };
      const theirs = { ...load, port: barePort };
      await applyLoad(ours); // warms both compilers; not counted
      await applyLoad(theirs);
      return await compare(
        rounds,
        () => measure(mesh.agent, ours),
        () => measure(bare, theirs),
      );
    } finally {
      await bare.stop();
    }
  } finally {
    await mesh.stop();
  }
};
