import { DC, RATE, stat, graph, RED_ABOVE_0, RED_AT_0, life } from './words.mjs';

/** One of the four dashboards. */
export const servers = {
  uid: 'banyan-servers',
  title: 'Servers',
  means: 'Do the processes run, and what do they lack?',
  sections: [
    {
      title: 'Processes',
      perLine: 4,
      panels: [
        stat('Up', 'Processes that answer their scrape.', ['sum by (job) (up{job=~"banyan-.+"})', '{{job}}']),
        stat(
          'Down',
          'Processes that do not.',
          ['count by (job) (up{job=~"banyan-.+"} == 0) or sum by (job) (0 * up{job=~"banyan-.+"})', '{{job}}'],
          {
            limits: RED_ABOVE_0,
          },
        ),
        stat(
          'Lease holders',
          'One per datacenter.',
          [`sum by (datacenter) (banyan_lease_held{${DC}})`, '{{datacenter}}'],
          {
            limits: RED_AT_0,
          },
        ),
        stat('Versions', 'Processes by version.', ['count by (version) (banyan_build_info)', '{{version}}']),
      ],
    },
    {
      title: 'State',
      panels: [
        graph(
          'Dependencies that are not well',
          '0 is well.',
          [[`1 - banyan_dependency_ready{${DC}}`, '{{instance}} {{dependency}}']],
          { max: 1 },
        ),
        graph('Servers of the datacenter', 'Alive or silent.', [
          [`max by (datacenter, state) (banyan_servers{${DC}})`, '{{datacenter}} {{state}}'],
        ]),
        graph('Changes of the lease', 'Acquired and lost.', [
          [`sum by (instance, change) (increase(banyan_lease_changes_total{${DC}}${RATE}))`, '{{instance}} {{change}}'],
        ]),
        graph(
          'Change feed',
          'How old what a server shows is, when it cannot read changes.',
          [[`banyan_change_feed_behind_seconds{${DC}}`, '{{instance}}']],
          { unit: 's' },
        ),
        graph('State index', 'Newest committed change that each server shows.', [
          [`banyan_state_index{${DC}}`, '{{instance}}'],
        ]),
        graph('Watches', 'Blocking queries that wait.', [[`banyan_watches{${DC}}`, '{{instance}}']]),
        graph(
          'Clocks',
          'How far ahead of others.',
          [[`abs(banyan_clock_skew_seconds{${DC}})`, '{{instance}} and {{of}}']],
          {
            unit: 's',
          },
        ),
        graph(
          'Own certificates',
          'Share of their life that is over.',
          [[`banyan_identity_life_used_ratio{${DC}}`, '{{instance}}']],
          {
            unit: 'percentunit',
            max: 1,
            limits: life(0.65, 0.8),
          },
        ),
      ],
    },
    {
      title: 'HTTP',
      panels: [
        graph(
          'Answers',
          'By class of status.',
          [[`sum by (instance, status) (rate(banyan_http_answers_total{${DC}}${RATE}))`, '{{instance}} {{status}}']],
          { unit: 'reqps' },
        ),
        graph(
          'Time of an answer',
          'Of requests that do not wait for a change.',
          [
            [
              `histogram_quantile(0.5, sum by (le, instance) (rate(banyan_http_request_seconds_bucket{${DC}}${RATE})))`,
              '{{instance}} p50',
            ],
            [
              `histogram_quantile(0.99, sum by (le, instance) (rate(banyan_http_request_seconds_bucket{${DC}}${RATE})))`,
              '{{instance}} p99',
            ],
          ],
          { unit: 's' },
        ),
      ],
    },
    {
      title: 'Node',
      panels: [
        graph(
          'Event loop delay',
          'p99 since the last scrape.',
          [['nodejs_eventloop_lag_p99_seconds{job=~"banyan-.+"}', '{{instance}}']],
          { unit: 's', limits: life(0.1, 0.25) },
        ),
        graph('Processor', 'Cores in use.', [
          [`rate(process_cpu_seconds_total{job=~"banyan-.+"}${RATE})`, '{{instance}}'],
        ]),
        graph('Memory', 'Resident.', [['process_resident_memory_bytes{job=~"banyan-.+"}', '{{instance}}']], {
          unit: 'bytes',
        }),
        graph(
          'Garbage collection',
          'Share of the time.',
          [[`sum by (instance) (rate(nodejs_gc_duration_seconds_sum{job=~"banyan-.+"}${RATE}))`, '{{instance}}']],
          { unit: 'percentunit' },
        ),
      ],
    },
  ],
};
