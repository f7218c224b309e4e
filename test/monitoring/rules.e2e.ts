import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { METRICS, NODE_METRICS } from '@banyan/telemetry';
import { describe, expect, it } from '@jest/globals';
import { dashboards, metricsIn, panelExpressions, ROOT, rules } from './harness/expressions.js';
import { promtool } from './harness/promtool.js';

const PROMETHEUS = join(ROOT, 'deploy/prometheus');
const CLI = join(ROOT, 'dist/apps/cli/src/main.js');

describe('deploy/prometheus', () => {
  it('has a configuration and rules that promtool accepts', () => {
    const files = readdirSync(join(PROMETHEUS, 'rules')).map((name) => `rules/${name}`);
    expect(files.length).toBeGreaterThan(4);
    expect(promtool(['check', 'rules', ...files], PROMETHEUS)).not.toMatch(/FAILED|error/i);
    // Without the secrets, which a deployment puts there.
    expect(promtool(['check', 'config', '--syntax-only', 'prometheus.yml'], PROMETHEUS)).toContain('SUCCESS');
  });

  it('has a test for every alert: what fires it, and what must not', () => {
    const tests = readdirSync(join(PROMETHEUS, 'tests'));
    expect(tests.toSorted()).toEqual(readdirSync(join(PROMETHEUS, 'rules')).toSorted());
    for (const file of tests) promtool(['test', 'rules', file], join(PROMETHEUS, 'tests'));
  });

  it('leads from every alert to a runbook, and has no other', () => {
    const named = rules().map(({ alert, annotations }) => {
      expect(annotations.runbook_url).toBe(`docs/runbooks/${alert}.md`);
      expect(existsSync(join(ROOT, annotations.runbook_url))).toBe(true);
      return `${alert}.md`;
    });
    expect(new Set(named).size).toBe(named.length);
    expect(readdirSync(join(ROOT, 'docs/runbooks')).toSorted()).toEqual([...named, 'README.md'].toSorted());
  });
});

describe('what is asked of Prometheus', () => {
  it('is asked by names that banyan or Node exposes', () => {
    const queries = [...panelExpressions().map(({ query }) => query), ...rules().map(({ expr }) => expr)];
    const names = new Set(queries.flatMap(metricsIn));
    expect(names.size).toBeGreaterThan(70);
    expect([...names].filter((name) => !(name in METRICS) && !(name in NODE_METRICS))).toEqual([]);
  });

  it('is shown by four dashboards of the schema of Grafana 11', () => {
    const all = dashboards() as unknown as readonly {
      readonly title: string;
      readonly schemaVersion: number;
      readonly uid: string;
      readonly panels: readonly {
        readonly id: number;
        readonly type: string;
        readonly gridPos: { x: number; w: number };
      }[];
    }[];
    expect(all.map(({ title }) => title).toSorted()).toEqual([
      'Agents and authorization',
      'CA and rotation',
      'Federation and replication',
      'Servers',
    ]);
    expect(new Set(all.map(({ uid }) => uid)).size).toBe(all.length);
    for (const { schemaVersion, panels } of all) {
      expect(schemaVersion).toBe(39);
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      expect(panels.filter(({ gridPos }) => gridPos.x + gridPos.w > 24)).toEqual([]);
      expect(new Set(panels.map(({ type }) => type))).toEqual(
        new Set(['row', 'stat', 'timeseries'].filter((type) => panels.some((panel) => panel.type === type))),
      );
    }
  });
});

/** What stands after `banyan` in a command, up to its first option or argument. */
const commandsIn = (text: string): string[] =>
  [...text.matchAll(/(?:^|`)banyan ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)*)/gm)].map(([, words]) => words!);

describe('runbooks', () => {
  it('name only commands that the command line has', () => {
    const folder = join(ROOT, 'docs/runbooks');
    const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    const commands = [...new Set(texts.flatMap(commandsIn))];
    expect(commands.length).toBeGreaterThan(8);
    const unknown = commands.filter((words) => {
      const { stdout } = spawnSync(process.execPath, [CLI, ...words.split(' '), '--help'], { encoding: 'utf8' });
      return !stdout.startsWith(`Usage: banyan ${words} `);
    });
    // An argument after the command is a name, and help does not show it.
    expect(unknown).toEqual(['ca provider-check vault']);
  });
});
