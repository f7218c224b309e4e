import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { repositoryRoot, sourceFiles } from './source-files.js';

const read = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8');
const settingsIn = (text: string): string[] => [...new Set(text.match(/\bBANYAN_[A-Z0-9_]*[A-Z0-9]\b/g) ?? [])];

describe('docker-compose.yml', () => {
  const text = read('docker-compose.yml');

  it('publishes on loopback only', () => {
    const ports = [...text.matchAll(/ports:\s*\[([^\]]*)\]/g)].map((match) => match[1] ?? '');
    expect(ports).toHaveLength(7);
    expect(ports.filter((port) => !/^'127\.0\.0\.1:\$\{BANYAN_DEV_[A-Z0-9_]+:-\d+\}:\d+'$/.test(port))).toEqual([]);
  });

  it('gives every secret by file', () => {
    const settings = [...text.matchAll(/^\s+(\w*(?:TOKEN|PASSWORD|KEK|DATABASE_URL)\w*):/gm)].map((match) => match[1]);
    expect(settings.length).toBeGreaterThan(5);
    expect(settings.filter((name) => !name?.endsWith('_FILE'))).toEqual([]);
  });

  it('uses the same settings for published ports as npm start', () => {
    const dev = settingsIn(read('apps/cli/src/dev/settings.ts'));
    // What only the profile `monitoring` runs, npm start does not.
    const monitoring = ['BANYAN_DEV_PROMETHEUS_PORT', 'BANYAN_DEV_GRAFANA_PORT'];
    const used = settingsIn(text).filter(
      (name) => name.startsWith('BANYAN_DEV_') && name.endsWith('_PORT') && !monitoring.includes(name),
    );
    expect(used).toHaveLength(5);
    expect(used.filter((name) => !dev.includes(name))).toEqual([]);
  });

  it('names only settings that some process reads', () => {
    const code = sourceFiles(['apps', 'libs']).filter(({ path }) => !path.endsWith('.spec.ts'));
    const known = settingsIn(code.map((file) => file.text).join('\n'));
    const ofTheFileItself = ['BANYAN_IMAGE', 'BANYAN_DEV_PROMETHEUS_PORT', 'BANYAN_DEV_GRAFANA_PORT'];
    // The settings room reads X_FILE for every secret X.
    const isKnown = (name: string) => known.includes(name) || known.includes(name.replace(/_FILE$/, ''));
    const unknown = settingsIn(text).filter((name) => !isKnown(name) && !ofTheFileItself.includes(name));
    expect(unknown).toEqual([]);
  });
});

describe('docker-compose.ha.yml', () => {
  const text = read('docker-compose.ha.yml');

  it('publishes nothing, names no secret and only settings that some process reads', () => {
    expect([...text.matchAll(/ports: (.*)/g)].map((match) => match[1])).toEqual(['!reset []', '!reset []']);
    const code = sourceFiles(['apps', 'libs']).filter(({ path }) => !path.endsWith('.spec.ts'));
    const known = settingsIn(code.map((file) => file.text).join('\n'));
    const set = [...text.matchAll(/^\s+(BANYAN_\w+):/gm)].map((match) => match[1] ?? '');
    expect(set.length).toBeGreaterThan(8);
    expect(set.filter((name) => !known.includes(name) || /TOKEN|PASSWORD|KEK|DATABASE/.test(name))).toEqual([]);
  });
});

describe('deploy/systemd', () => {
  const units = readdirSync(join(repositoryRoot, 'deploy/systemd')).map((name) => ({
    name,
    text: read(`deploy/systemd/${name}`),
  }));

  it('names only settings that some process reads', () => {
    const code = sourceFiles(['apps', 'libs']).filter(({ path }) => !path.endsWith('.spec.ts'));
    const known = settingsIn(code.map((file) => file.text).join('\n'));
    const named = settingsIn(units.map(({ text }) => text).join('\n'));
    expect(named.length).toBeGreaterThan(15);
    expect(named.filter((name) => !known.includes(name) && !known.includes(name.replace(/_FILE$/, '')))).toEqual([]);
  });

  it('starts what is built, as no one special', () => {
    const services = units.filter(({ name }) => name.endsWith('.service'));
    expect(services.map(({ name }) => name)).toHaveLength(4);
    for (const { name, text } of services) {
      const entry = /^ExecStart=\/usr\/bin\/node (\S+)/m.exec(text)?.[1] ?? '';
      const source = entry.replace(/^dist\//, '').replace(/\.js$/, '.ts');
      expect([name, existsSync(join(repositoryRoot, source))]).toEqual([name, true]);
      for (const line of ['User=banyan', 'NoNewPrivileges=true', 'ProtectSystem=strict', 'CapabilityBoundingSet='])
        expect([name, text.split('\n')]).toEqual([name, expect.arrayContaining([line])]);
    }
  });
});

describe('Dockerfile', () => {
  const text = read('Dockerfile');

  it('makes the folder of every volume that secrets are written to: without one it would belong to root', () => {
    const mounted: readonly string[] = read('docker-compose.yml').match(/(?<=:)\/volumes\/[a-z0-9-]+/g) ?? [];
    expect(mounted.length).toBeGreaterThan(10);
    const made: readonly string[] = text.match(/\/volumes\/[a-z0-9-]+/g) ?? [];
    expect(mounted.filter((folder) => !made.includes(folder))).toEqual([]);
  });

  it('needs no image but the one it names, not even for its own syntax', () => {
    const images = [...text.matchAll(/^FROM (\S+)/gm)].map((match) => match[1]);
    expect(new Set(images)).toEqual(new Set(['node:24-bookworm-slim']));
    expect(text).not.toMatch(/^#\s*syntax=/m);
  });

  it('ends without root', () => {
    expect([...text.matchAll(/^USER (\S+)/gm)].at(-1)?.[1]).toBe('node');
  });
});
