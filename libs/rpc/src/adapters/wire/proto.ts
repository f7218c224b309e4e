import { fileURLToPath } from 'node:url';
import { BanyanError } from '@banyan/kernel';
import type { MethodDefinition } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';

/** 64-bit fields become numbers, which the message schemas bound to 2^53; absent fields get proto3's defaults. */
const LOADER = { longs: Number, enums: String, defaults: true, arrays: true, objects: true } as const;

const directory = fileURLToPath(new URL('../../proto/', import.meta.url));

/** Every service and message of banyan's own gRPC API. */
export const PACKAGE_DEFINITION: PackageDefinition = loadSync(['bootstrap.proto', 'lan.proto', 'wan.proto'], {
  ...LOADER,
  includeDirs: [directory],
});

/** The services, by their full names. */
export const SERVICE = {
  bootstrap: 'banyan.bootstrap.v1.Bootstrap',
  lan: 'banyan.lan.v1.Lan',
  wan: 'banyan.wan.v1.Wan',
} as const;

type Method = MethodDefinition<object, object>;

/** A method's path and codecs. Throws `INTERNAL` for one that the .proto files don't have. */
export const methodOf = (service: string, name: string): Method => {
  const definition = PACKAGE_DEFINITION[service];
  const method = definition === undefined ? undefined : (definition as Record<string, unknown>)[name];
  if (method === undefined) throw new BanyanError('INTERNAL', `no method ${service}/${name} in the .proto files`);
  return method as Method;
};
