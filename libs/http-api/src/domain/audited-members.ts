import type { JsonValue } from '@banyan/kernel';

/** Members that are recorded of a thing, by name: what is not named here is not recorded, whatever it is. */
type Members = readonly string[];

const INTENTION: Members = ['SourceName', 'DestinationName', 'Action', 'Description'];
const PERMISSION_HTTP: Members = ['PathExact', 'PathPrefix', 'PathRegex'];
const TOKEN: Members = ['AccessorID', 'Description'];
const ROLE: Members = ['kind', 'service', 'node', 'datacenter'];
const NODE: Members = ['Node', 'Address', 'Datacenter', 'ServiceID', 'CheckID'];
const SERVICE: Members = ['ID', 'Service', 'Address', 'Port', 'Kind'];
const CONFIGURATION: Members = ['Provider', 'ForceWithoutCrossSigning'];
/** Names and addresses of CA providers. No token, key or login: those are named in no list. */
const OPTIONS: Members = [
  'LeafCertTTL',
  'IntermediateCertTTL',
  'RootCertTTL',
  'PrivateKeyType',
  'PrivateKeyBits',
  'CSRMaxPerSecond',
  'CSRMaxConcurrent',
  'Namespace',
  'RootPKIPath',
  'RootPKINamespace',
  'RootIssuer',
  'IntermediatePKIPath',
  'IntermediatePKINamespace',
  'TLSServerName',
  'TLSSkipVerify',
  'ExistingARN',
  'Region',
];
const ROTATION: Members = [
  'Reason',
  'Datacenter',
  'Node',
  'RootID',
  'PlanHash',
  'Compromised',
  'Deadline',
  'DistributeWait',
  'VerifyWindow',
  'RetireGrace',
];
const REPLICATION: Members = ['Hash'];

type Given = Readonly<Record<string, unknown>>;
type Told = Record<string, JsonValue>;

const given = (value: unknown): Given =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Given) : {};
const rows = (value: unknown): readonly Given[] => (Array.isArray(value) ? value.map(given) : []);

/** The named members that are single values. */
const picked = (value: unknown, members: Members): Told => {
  const found = given(value);
  return Object.fromEntries(members.flatMap((name) => (isScalar(found[name]) ? [[name, found[name]]] : [])));
};
const isScalar = (value: unknown): value is string | number | boolean =>
  ['string', 'number', 'boolean'].includes(typeof value);
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
const some = (name: string, value: Told | readonly JsonValue[]): Told =>
  Object.keys(value).length === 0 ? {} : { [name]: value };

/** Of an intention, or of a body that asks for one. Values of headers may be secrets: only their names. */
export const intentionMembers = (value: unknown): Told => ({
  ...picked(value, INTENTION),
  ...some('Permissions', rows(given(value)['Permissions']).map(permissionMembers)),
  ...some('MetaNames', Object.keys(given(given(value)['Meta']))),
});
const permissionMembers = (value: Given): Told => {
  const http = given(value['HTTP']);
  return {
    ...picked(value, ['Action']),
    ...picked(http, PERMISSION_HTTP),
    ...some('Methods', texts(http['Methods'])),
    ...some('HeaderNames', texts(rows(http['Header']).map(({ Name }) => Name))),
  };
};

/** Of a token, or of a body that asks for one: never its secret, nor its hash. */
export const tokenMembers = (value: unknown): Told => {
  const { Role, Policies, ServiceIdentities, NodeIdentities } = given(value);
  return {
    ...picked(value, TOKEN),
    ...some('Role', picked(Role, ROLE)),
    ...some(
      'Policies',
      rows(Policies).map((each) => picked(each, ['ID', 'Name'])),
    ),
    ...some(
      'ServiceIdentities',
      rows(ServiceIdentities).map((each) => picked(each, ['ServiceName'])),
    ),
    ...some(
      'NodeIdentities',
      rows(NodeIdentities).map((each) => picked(each, ['NodeName'])),
    ),
  };
};

/** Of a registration in the catalog: where, not what it says of itself. */
export const registrationMembers = (value: unknown): Told => {
  const { Service, Check, Checks } = given(value);
  return {
    ...picked(value, NODE),
    ...some('Service', serviceMembers(Service)),
    ...some(
      'Checks',
      [...rows([Check]), ...rows(Checks)].map(checkMembers).filter((each) => Object.keys(each).length > 0),
    ),
  };
};
const checkMembers = (value: Given): Told => picked(value, ['CheckID', 'Name', 'Status']);
/** Of an instance of a service. */
export const serviceMembers = (value: unknown): Told => picked(value, SERVICE);

/** Of the CA configuration. */
export const configurationMembers = (value: unknown): Told => ({
  ...picked(value, CONFIGURATION),
  ...some('Config', picked(given(value)['Config'], OPTIONS)),
});

/** Of a body about a rotation. */
export const rotationMembers = (value: unknown): Told => ({
  ...picked(value, ROTATION),
  ...configurationMembers(value),
  ...some('Scope', picked(given(value)['Scope'], ['Datacenter'])),
});

/** Of a body about replication. */
export const replicationMembers = (value: unknown): Told => picked(value, REPLICATION);
