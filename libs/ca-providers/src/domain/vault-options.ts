import { ownOptionsOf, refuse } from '@banyan/ca';
import { SecretText } from '@banyan/kernel';
import { z } from 'zod';

/** The names Consul's Vault provider takes, and `RootIssuer`. */
export const VAULT_OPTION_NAMES = [
  'Address',
  'Token',
  'AuthMethod',
  'Namespace',
  'RootPKIPath',
  'RootPKINamespace',
  'RootIssuer',
  'IntermediatePKIPath',
  'IntermediatePKINamespace',
  'CAFile',
  'CAPath',
  'CertFile',
  'KeyFile',
  'TLSServerName',
  'TLSSkipVerify',
] as const;

/** What never is read back. */
export const VAULT_SECRET_NAMES = ['Token', 'AuthMethod.Params.secret_id', 'AuthMethod.Params.jwt'] as const;

/**
 * What makes another root. The address does not: a Vault that got another name still holds the same root, and one that
 * does not is found by `inspect`.
 */
export const VAULT_IDENTITY_NAMES = ['Namespace', 'RootPKIPath', 'RootPKINamespace', 'RootIssuer'] as const;

/** How a token is got by logging in. A path is read again at every login. */
export type VaultLogin =
  | {
      readonly type: 'approle';
      readonly mount: string;
      readonly roleId: string | { readonly path: string };
      /** Absent for a role that binds no secret. */
      readonly secretId?: SecretText | { readonly path: string };
    }
  | {
      readonly type: 'kubernetes';
      readonly mount: string;
      readonly role: string;
      readonly jwt: SecretText | { readonly path: string };
    };

/** How calls are authenticated: by a token that was given, or by one that a login brings. */
export type VaultCredential =
  | { readonly kind: 'token'; readonly token: SecretText }
  | { readonly kind: 'login'; readonly login: VaultLogin };

/** Where Vault is and how its certificate is checked. Files are read anew for each call. */
export interface VaultConnection {
  readonly address: URL;
  readonly caFile?: string;
  readonly caPath?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly serverName?: string;
  readonly skipVerify: boolean;
}

/** Options after parsing. */
export interface VaultOptions {
  readonly connection: VaultConnection;
  readonly credential: VaultCredential;
  /** Where the token is got; empty for the root namespace. */
  readonly namespace: string;
  /** The mount of the PKI secrets engine, without slashes at its ends. */
  readonly mount: string;
  readonly mountNamespace: string;
  /** An issuer that the operator made, by name or ID. Absent: banyan makes one per root. */
  readonly rootIssuer?: string;
}

const KUBERNETES_TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount/token';
const text = z.string().max(8_192);
const path = text
  .transform((value) => value.replace(/^\/+|\/+$/g, ''))
  .pipe(
    z
      .string()
      .regex(
        /^(?!\.+(\/|$))[A-Za-z0-9_.-]+(\/(?!\.+(\/|$))[A-Za-z0-9_.-]+)*$/,
        'must be a mount path such as pki_root',
      ),
  );
const issuerName = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,128}$/)
  .refine((name) => name !== 'default', 'must not be default: what it names changes behind our back');
const boolean = z.union([z.boolean(), z.stringbool({ truthy: ['true', '1'], falsy: ['false', '0'] })]);

const optionsSchema = z.object({
  Address: z.url({ protocol: /^https?$/, error: 'must be a URL such as https://vault.example.com:8200' }),
  Token: text.optional(),
  AuthMethod: z.record(z.string(), z.unknown()).optional(),
  Namespace: path.optional(),
  RootPKIPath: path,
  RootPKINamespace: path.optional(),
  RootIssuer: issuerName.optional(),
  IntermediatePKIPath: path.optional(),
  IntermediatePKINamespace: path.optional(),
  CAFile: text.optional(),
  CAPath: text.optional(),
  CertFile: text.optional(),
  KeyFile: text.optional(),
  TLSServerName: text.optional(),
  TLSSkipVerify: boolean.optional(),
});

const methodSchema = z.object({
  Type: z.enum(['approle', 'kubernetes'], 'must be approle or kubernetes'),
  MountPath: path.optional(),
  Params: z.record(z.string(), z.unknown()).optional(),
});

const PARAMETER_NAMES = {
  approle: ['role_id', 'role_id_file_path', 'secret_id', 'secret_id_file_path'],
  kubernetes: ['role', 'jwt', 'token_path'],
} as const;

/** Checks the options of a Vault provider. Throws `CA_CONFIG_INVALID`, which names the option and never shows a value. */
export const parseVaultOptions = (options: Readonly<Record<string, unknown>>): VaultOptions => {
  const own = ownOptionsOf(VAULT_OPTION_NAMES, options);
  if (own['RootPKIPath'] === undefined) throw refuse('RootPKIPath is missing: name the mount of a PKI secrets engine');
  const read = checked(optionsSchema, own, '');
  const namespace = read.Namespace ?? '';
  return {
    connection: connectionOf(read),
    credential: credentialOf(read),
    namespace,
    mount: read.RootPKIPath,
    mountNamespace: read.RootPKINamespace ?? namespace,
    ...(read.RootIssuer !== undefined && { rootIssuer: read.RootIssuer }),
  };
};

const connectionOf = (read: z.output<typeof optionsSchema>): VaultConnection => {
  const address = new URL(read.Address);
  const skipVerify = read.TLSSkipVerify === true;
  if (address.username !== '' || address.password !== '') throw refuse('Address must hold no user name or password');
  if (address.protocol === 'http:' && !isLoopback(address.hostname)) {
    throw refuse('Address must be https: only a Vault on this very host may be called without TLS');
  }
  if (skipVerify && (read.CAFile ?? read.CAPath) !== undefined) {
    throw refuse('TLSSkipVerify and CAFile or CAPath contradict each other: give one of them');
  }
  if ((read.CertFile === undefined) !== (read.KeyFile === undefined)) {
    throw refuse('CertFile and KeyFile belong together: give both or neither');
  }
  return {
    address,
    skipVerify,
    ...(read.CAFile !== undefined && { caFile: read.CAFile }),
    ...(read.CAPath !== undefined && { caPath: read.CAPath }),
    ...(read.CertFile !== undefined && { certFile: read.CertFile }),
    ...(read.KeyFile !== undefined && { keyFile: read.KeyFile }),
    ...(read.TLSServerName !== undefined && { serverName: read.TLSServerName }),
  };
};

const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);

const credentialOf = ({ Token, AuthMethod }: z.output<typeof optionsSchema>): VaultCredential => {
  if (Token !== undefined && AuthMethod !== undefined) {
    throw refuse('Token and AuthMethod are both given: one of them says how to log in to Vault');
  }
  if (Token !== undefined) return { kind: 'token', token: new SecretText(Token) };
  if (AuthMethod === undefined) throw refuse('neither Token nor AuthMethod is given: one says how to log in to Vault');
  const names = ownOptionsOf(['Type', 'MountPath', 'Params'], AuthMethod);
  return { kind: 'login', login: loginOf(checked(methodSchema, names, 'AuthMethod.')) };
};

const loginOf = ({ Type: type, MountPath, Params = {} }: z.output<typeof methodSchema>): VaultLogin => {
  const names: readonly string[] = PARAMETER_NAMES[type];
  const known = ownOptionsOf(names, Params);
  const parameters = checked(z.record(z.string(), text), known, 'AuthMethod.Params.');
  const given = Object.keys(Params).filter((name) => Params[name] !== undefined && Params[name] !== '').length;
  if (Object.keys(known).length < given) {
    throw refuse(`AuthMethod.Params of ${type} are ${names.join(', ')}, and no others`);
  }
  const mount = (MountPath ?? type).replace(/^auth\//, '');
  if (type === 'kubernetes') {
    const { role, jwt, token_path: tokenPath } = parameters;
    if (role === undefined) throw refuse('AuthMethod.Params.role is missing');
    return { type, mount, role, jwt: secretOf(jwt, tokenPath) ?? { path: KUBERNETES_TOKEN_PATH } };
  }
  const {
    role_id: roleId,
    role_id_file_path: roleIdPath,
    secret_id: secret,
    secret_id_file_path: secretPath,
  } = parameters;
  const role = roleId ?? (roleIdPath === undefined ? undefined : { path: roleIdPath });
  if (role === undefined) throw refuse('AuthMethod.Params.role_id or role_id_file_path is missing');
  const secretId = secretOf(secret, secretPath);
  return { type, mount, roleId: role, ...(secretId !== undefined && { secretId }) };
};

const secretOf = (value: string | undefined, file: string | undefined) =>
  value !== undefined ? new SecretText(value) : file !== undefined ? { path: file } : undefined;

const checked = <T>(schema: z.ZodType<T>, values: unknown, prefix: string): T => {
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  // The words of the schema, never the value: it may be a secret in the wrong place.
  throw refuse(`${prefix}${issue?.path.join('.') ?? 'the options'} ${reasonOf(issue)}`);
};

const reasonOf = (issue: z.core.$ZodIssue | undefined): string =>
  issue !== undefined && issue.message.startsWith('must ') ? issue.message : 'has a form that is not allowed';
