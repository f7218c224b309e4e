import { describe, expect, it } from '@jest/globals';
import * as bootstrap from '../src/domain/messages/bootstrap-messages.js';
import * as http from '../src/domain/messages/http-messages.js';
import * as lan from '../src/domain/messages/lan-messages.js';
import * as ping from '../src/domain/messages/ping-messages.js';
import * as wan from '../src/domain/messages/wan-messages.js';
import { PACKAGE_DEFINITION, SERVICE } from '../src/adapters/wire/proto.js';

interface Descriptor {
  readonly format?: string;
  readonly type?: { readonly field?: readonly { readonly name: string; readonly jsonName?: string }[] };
}

const schemas: Record<string, Record<string, { shape?: object }>> = {
  'banyan.bootstrap.v1': bootstrap,
  'banyan.http.v1': http,
  'banyan.lan.v1': { ...lan, ...ping },
  'banyan.wan.v1': { ...wan, ...ping },
};

const messages = Object.entries(PACKAGE_DEFINITION as Record<string, Descriptor>).flatMap(([full, descriptor]) => {
  const cut = full.lastIndexOf('.');
  const fields = descriptor.type?.field;
  if (fields === undefined || descriptor.format === undefined || full.includes('Entry')) return [];
  return [{ pack: full.slice(0, cut), name: full.slice(cut + 1), fields: fields.map(({ name }) => camel(name)) }];
});

function camel(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase());
}

describe('messages', () => {
  it('has a schema with exactly the fields of every message in the .proto files', () => {
    expect(messages.length).toBeGreaterThan(20);
    for (const { pack, name, fields } of messages) {
      const shape = schemas[pack]?.[name]?.shape;
      expect({ name, fields: Object.keys(shape ?? { missing: 0 }).toSorted() }).toEqual({
        name,
        fields: fields.toSorted(),
      });
    }
  });

  it('has a message in the .proto files for every schema', () => {
    const known = new Set(messages.map(({ pack, name }) => `${pack}.${name}`));
    const named = Object.entries(schemas).flatMap(([pack, all]) => Object.keys(all).map((name) => `${pack}.${name}`));
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it('serves three services', () => {
    expect(Object.values(SERVICE).map((name) => Object.keys(PACKAGE_DEFINITION[name] ?? {}).length)).toEqual([3, 7, 5]);
  });
});
