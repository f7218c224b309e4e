import { DC, RATE, graph, life } from './words.mjs';

/** One of the four dashboards. */
export const agentsAndAuthorization = {
  uid: 'banyan-agents',
  title: 'Agents and authorization',
  means: 'Are hosts well, and what is allowed and denied?',
  sections: [
    {
      title: 'Agents',
      panels: [
        graph(
          'Agents by state',
          'Live, or silent.',
          [[`max by (datacenter, state) (banyan_agents{${DC}})`, '{{datacenter}} {{state}}']],
          {
            stack: true,
          },
        ),
        graph('Agents behind', 'By reason.', [
          [`max by (datacenter, reason) (banyan_agents_behind{${DC}})`, '{{datacenter}} {{reason}}'],
        ]),
        graph(
          'Versions',
          'Live agents by version.',
          [[`max by (datacenter, version) (banyan_agents_by_version{${DC}})`, '{{datacenter}} {{version}}']],
          { stack: true },
        ),
        graph(
          'Contact with servers',
          'Time since a server answered, and since it was heard for the roots.',
          [
            [`banyan_server_contact_age_seconds{${DC}}`, '{{node}} heartbeat'],
            [`banyan_roots_age_seconds{${DC}}`, '{{node}} roots'],
          ],
          { unit: 's' },
        ),
      ],
    },
    {
      title: 'Decisions',
      panels: [
        graph(
          'Verdicts',
          'Allowed and denied, by an intention or by default.',
          [
            [
              `sum by (verdict, reason) (rate(banyan_authorize_verdicts_total{${DC}}${RATE}))`,
              '{{verdict}}: {{reason}}',
            ],
          ],
          { unit: 'reqps' },
        ),
        graph(
          'Questions that were not answered',
          'By error code.',
          [[`sum by (code) (rate(banyan_authorize_refused_total{${DC}}${RATE}))`, '{{code}}']],
          { unit: 'reqps' },
        ),
        graph(
          'Time of a decision',
          'Without reading the request and writing the answer.',
          [
            [`histogram_quantile(0.5, sum by (le) (rate(banyan_authorize_seconds_bucket{${DC}}${RATE})))`, 'p50'],
            [`histogram_quantile(0.99, sum by (le) (rate(banyan_authorize_seconds_bucket{${DC}}${RATE})))`, 'p99'],
          ],
          { unit: 's' },
        ),
        graph(
          'Cache',
          'Reads from memory, and those that waited for the servers.',
          [
            [`sum(rate(banyan_cache_hits_total{${DC}}${RATE}))`, 'hits'],
            [`sum(rate(banyan_cache_misses_total{${DC}}${RATE}))`, 'misses'],
            [`sum(rate(banyan_cache_evictions_total{${DC}}${RATE}))`, 'evictions'],
          ],
          { unit: 'ops' },
        ),
        graph('Cache: bytes', 'Answers that are held.', [[`banyan_cache_bytes{${DC}}`, '{{node}}']], { unit: 'bytes' }),
        graph('Cache: entries', 'Reads that are followed, and leaves that are kept.', [
          [`banyan_cache_entries{${DC}}`, '{{node}} reads'],
          [`banyan_leaf_entries{${DC}}`, '{{node}} leaves'],
        ]),
      ],
    },
    {
      title: 'Leaves',
      panels: [
        graph(
          'Life of the oldest leaf',
          'Renewed between 45 and 60 %.',
          [[`banyan_leaf_life_used_ratio{${DC}}`, '{{node}}']],
          {
            unit: 'percentunit',
            max: 1,
            limits: life(0.65, 0.8),
          },
        ),
        graph(
          'Leaves by issuer',
          'On each host, by the ID of the root above them.',
          [[`banyan_agent_leaves{${DC}}`, '{{node}} {{issuer}}']],
          { stack: true },
        ),
        graph(
          'Signed',
          'By why they were asked for.',
          [[`sum by (reason) (rate(banyan_leaf_renewals_total{${DC}}${RATE}))`, '{{reason}}']],
          { unit: 'ops' },
        ),
        graph('Failed', 'Attempts by error code, and renewals that wait as the servers said.', [
          [`sum by (code) (rate(banyan_leaf_failures_total{${DC}}${RATE}))`, '{{code}} per second'],
          [`sum(banyan_leaves_rate_limited{${DC}})`, 'waiting'],
        ]),
      ],
    },
    {
      title: 'Sidecars',
      panels: [
        graph(
          'Handshakes',
          'Mutual TLS, by direction and result.',
          [[`sum by (direction, result) (rate(banyan_proxy_handshakes_total${RATE}))`, '{{direction}} {{result}}']],
          { unit: 'ops' },
        ),
        graph(
          'Refused and unserved',
          'Denied incoming connections; outgoing ones that no endpoint took.',
          [
            [`sum by (proxy) (rate(banyan_proxy_denied_total${RATE}))`, '{{proxy}} denied'],
            [`sum by (proxy) (rate(banyan_proxy_unserved_total${RATE}))`, '{{proxy}} unserved'],
          ],
          { unit: 'ops' },
        ),
        graph('Open connections', 'By direction.', [
          ['sum by (proxy, direction) (banyan_proxy_connections)', '{{proxy}} {{direction}}'],
        ]),
        graph(
          'Probes, and connections cut',
          'Idle edges that were looked at; connections under a compromised root.',
          [
            [`sum by (result) (rate(banyan_proxy_probes_total${RATE}))`, 'probes {{result}}'],
            [`sum(rate(banyan_proxy_cut_tainted_total${RATE}))`, 'cut'],
          ],
          { unit: 'ops' },
        ),
      ],
    },
  ],
};
