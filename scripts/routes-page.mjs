// The page of every route, from what its handler declares: access, parameters, body, audited act.
import 'reflect-metadata';

/** The members of an object, through what zod wraps around it; none where it is something else. */
const membersOf = (schema) => {
  if (schema === undefined) return [];
  if (schema.shape !== undefined) return Object.keys(schema.shape);
  const { in: piped, innerType, options } = schema.def;
  if (options !== undefined) return [...new Set(options.flatMap(membersOf))];
  return membersOf(innerType ?? piped);
};

const named = (names) => names.map((name) => `\`${name}\``).join(' ');

const accessOf = ({ access }) => (access?.kind === 'public' ? 'everybody' : `\`${access?.permission}\``);

/** Parameters that every route takes that takes any. */
const commonOf = (routes) =>
  routes
    .filter(({ input }) => input !== 'none')
    .map(({ input }) => membersOf(input.query))
    .reduce((common, names) => common.filter((name) => names.includes(name)));

const rowOf = (common) => (route) => {
  const { method, path, input, action } = route;
  const query = input === 'none' ? [] : membersOf(input.query).filter((name) => !common.includes(name));
  const body = input === 'none' ? [] : membersOf(input.body?.schema);
  return `| ${method} | \`${path}\` | ${accessOf(route)} | ${named(query)} | ${named(body)} | ${action ? `\`${action}\`` : ''} |`;
};

const order = ({ path, method }) => `${path} ${method}`;

const tableOf = (routes, common) => {
  return [
    '| | route | who may | query | body | recorded as |',
    '| --- | --- | --- | --- | --- | --- |',
    ...routes.toSorted((left, right) => (order(left) < order(right) ? -1 : 1)).map(rowOf(common)),
  ];
};

/** The page, in Markdown. `built` imports a file of dist. */
export const routesPage = async (built) => {
  const { listRoutes } = await built('libs/http-kit/src/index.js');
  const { HttpApiModule } = await built('libs/http-api/src/index.js');
  const { AgentApiModule } = await built('libs/agent-api/src/index.js');
  const routesOf = ({ controllers }) => {
    const listed = new Map(controllers.map((metatype) => [metatype, { metatype }]));
    return listRoutes({ get: () => new Map([['', { controllers: listed }]]) });
  };
  const ofServer = routesOf(HttpApiModule.register({ providers: [] }));
  const ofAgent = routesOf(AgentApiModule.register([]));
  const common = commonOf([...ofServer, ...ofAgent]);
  return [
    '# Routes',
    '',
    'Every route, as its handler declares it. What a permission covers depends on the role of the token: `service:write` of a service’s token is for that',
    'service. *Everybody* needs no token; what is answered may depend on one. Parameters that are common to all are left out:',
    `${named(common)}. Names in bodies are matched without regard to case. How routes behave is said in [HTTP API](http-api.md).`,
    'What is recorded stands in the audit trail under the name in the last column.',
    '',
    '## Of a server',
    '',
    ...tableOf(ofServer, common),
    '',
    '## Of an agent',
    '',
    'Every other route under `/v1` is carried to a server, with the token of who asks. Three routes are answered from memory before anything else is',
    'looked at: `POST /v1/agent/connect/authorize` (`service:write` of the target), `GET /v1/agent/connect/ca/leaf/:service` (`service:write`),',
    '`GET /v1/agent/connect/ca/roots` (everybody).',
    '',
    ...tableOf(ofAgent, common),
    '',
  ].join('\n');
};
