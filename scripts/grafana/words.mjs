// The words in which the dashboards are described.
/** Narrows a query to the datacenters that are chosen above the panels. */
export const DC = 'datacenter=~"$datacenter"';
export const RATE = '[$__rate_interval]';

export const stat = (title, means, query, more = {}) => ({ kind: 'stat', title, means, queries: [query], ...more });
export const graph = (title, means, queries, more = {}) => ({ kind: 'timeseries', title, means, queries, ...more });
export const RED_ABOVE_0 = [
  [null, 'green'],
  [1, 'red'],
];
export const RED_AT_0 = [
  [null, 'red'],
  [1, 'green'],
];
export const life = (warn, critical) => [
  [null, 'green'],
  [warn, 'orange'],
  [critical, 'red'],
];
