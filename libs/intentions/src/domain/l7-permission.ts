import { z } from 'zod';
import { BanyanError } from '@banyan/kernel';

const text = z.string().max(4_096);

const headerSchema = z.strictObject({
  Name: text,
  Present: z.boolean().optional(),
  Exact: text.optional(),
  Prefix: text.optional(),
  Suffix: text.optional(),
  Contains: text.optional(),
  Regex: text.optional(),
  Invert: z.boolean().optional(),
  IgnoreCase: z.boolean().optional(),
});

const httpSchema = z.strictObject({
  PathExact: text.optional(),
  PathPrefix: text.optional(),
  PathRegex: text.optional(),
  Header: z.array(headerSchema).max(64).optional(),
  Methods: z.array(z.string().max(32)).max(32).optional(),
});

const jwtSchema = z.strictObject({
  Providers: z
    .array(
      z.strictObject({
        Name: text,
        VerifyClaims: z
          .array(z.strictObject({ Path: z.array(text).max(32), Value: text }))
          .max(64)
          .optional(),
      }),
    )
    .max(64),
});

/**
 * One item of `Permissions` on the wire (contract §3.5). Stored and echoed in this form; `HTTP` is checked by
 * {@link checkedPermissions}, so that its absence has the field's own error text.
 */
export const l7PermissionSchema = z.strictObject({
  Action: z.string().max(16),
  HTTP: httpSchema.optional(),
  JWT: jwtSchema.optional(),
});

/** An L7 permission. L4 evaluators treat an intention that has any as a deny. */
export type L7Permission = z.infer<typeof l7PermissionSchema>;

const HTTP_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE']);

const refuse = (path: string, rule: string): never => {
  throw new BanyanError('INTENTION_INVALID', `${path} ${rule}`);
};

const isSet = (value: string | boolean | undefined): boolean => value !== undefined && value !== '' && value !== false;

/** Checks one intention's permissions and returns them normalized: methods in upper case. Throws `INTENTION_INVALID`. */
export const checkedPermissions = (permissions: readonly L7Permission[], path: string): L7Permission[] =>
  permissions.map((permission, index) => checkedPermission(permission, `${path}[${index}]`));

const checkedPermission = (permission: L7Permission, path: string): L7Permission => {
  if (permission.Action !== 'allow' && permission.Action !== 'deny') {
    refuse(`${path}.Action`, 'must be set to allow or deny');
  }
  const http = permission.HTTP;
  if (http === undefined) return refuse(`${path}.HTTP`, 'is required');
  const paths = [http.PathExact, http.PathPrefix, http.PathRegex].filter(isSet).length;
  const headers = http.Header ?? [];
  const methods = (http.Methods ?? []).map((method) => method.toUpperCase());
  if (paths > 1) refuse(`${path}.HTTP`, 'can have at most one of PathExact, PathPrefix, PathRegex');
  if (paths === 0 && headers.length === 0 && methods.length === 0) refuse(`${path}.HTTP`, 'must not be empty');
  checkPathStart(http.PathExact, `${path}.HTTP.PathExact`);
  checkPathStart(http.PathPrefix, `${path}.HTTP.PathPrefix`);
  headers.forEach((header, index) => checkHeader(header, `${path}.HTTP.Header[${index}]`));
  checkMethods(methods, `${path}.HTTP.Methods`);
  return methods.length === 0 ? permission : { ...permission, HTTP: { ...http, Methods: methods } };
};

const checkPathStart = (value: string | undefined, path: string): void => {
  if (isSet(value) && value?.startsWith('/') !== true) refuse(path, "must start with '/'");
};

const checkHeader = (header: z.infer<typeof headerSchema>, path: string): void => {
  if (header.Name === '') refuse(`${path}.Name`, 'is required');
  const { Present, Exact, Prefix, Suffix, Contains, Regex } = header;
  const forms = [Present, Exact, Prefix, Suffix, Contains, Regex].filter(isSet).length;
  if (forms !== 1) refuse(path, 'must have exactly one of Present, Exact, Prefix, Suffix, Contains, Regex');
};

const checkMethods = (methods: readonly string[], path: string): void => {
  methods.forEach((method, index) => {
    if (!HTTP_METHODS.has(method)) refuse(`${path}[${index}]`, `"${method}" is not an HTTP method`);
    if (methods.indexOf(method) !== index) refuse(`${path}[${index}]`, `"${method}" is listed more than once`);
  });
};
