import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** The repository. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** A query with where it stands. */
export interface Expression {
  readonly where: string;
  readonly query: string;
}

interface Dashboard {
  readonly title: string;
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
}

/** The rules of a file of alerts. */
export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly runbook_url: string; readonly summary: string };
}

const filesIn = (folder: string, ending: string): string[] =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(ending))
    .map((name) => join(ROOT, folder, name));

export const dashboards = (): Dashboard[] =>
  filesIn('deploy/grafana/dashboards', '.json').map((path) => JSON.parse(readFileSync(path, 'utf8')) as Dashboard);

/** Every query of every panel, with Grafana's variables as they are when nothing is chosen. */
export const panelExpressions = (): Expression[] =>
  dashboards().flatMap(({ title, panels }) =>
    panels.flatMap((panel) =>
      (panel.targets ?? []).map(({ expr }) => ({
        where: `${title} / ${panel.title}`,
        query: expr.replaceAll('$datacenter', '.*').replaceAll('$__rate_interval', '30s'),
      })),
    ),
  );

export const rules = (): Rule[] =>
  filesIn('deploy/prometheus/rules', '.yml').flatMap((path) =>
    (parse(readFileSync(path, 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules),
  );

/** What an alert looks at, without the comparison that makes it one. */
export const withoutComparison = (expression: string): string => {
  const bare = expression.replace(/ (==|>) [\d.]+$/, '');
  if (bare === expression) throw new Error(`this rule does not end in a comparison: ${expression}`);
  return bare;
};

/** Names of the metrics in a query, without the suffixes of histograms. */
export const metricsIn = (query: string): string[] =>
  [...query.matchAll(/\b(?:banyan|nodejs|process|consul)_[a-z0-9_]+/g)].map(([name]) =>
    name.replace(/_(bucket|sum|count)$/, ''),
  );
