import { DC, stat, graph, RED_ABOVE_0, RED_AT_0 } from './words.mjs';

/** One of the four dashboards. */
export const federationAndReplication = {
  uid: 'banyan-federation',
  title: 'Federation and replication',
  means: 'Is replication current, and which datacenter is behind?',
  sections: [
    {
      title: 'Datacenters',
      perLine: 4,
      panels: [
        stat(
          'Ready',
          '1 while it is, by the best that anybody knows.',
          ['max by (of) (banyan_datacenter_ready)', '{{of}}'],
          {
            limits: RED_AT_0,
          },
        ),
        stat(
          'WAN link',
          '1 while the other is heard.',
          [`min by (datacenter, of) (banyan_datacenter_link_up{${DC}})`, '{{datacenter}} → {{of}}'],
          {
            limits: RED_AT_0,
          },
        ),
        stat('Canary', '1 while it comes back within its objective.', ['min by (of) (banyan_canary_green)', '{{of}}'], {
          limits: RED_AT_0,
        }),
        stat(
          'Alarms',
          'What a person should look at.',
          [`sum by (datacenter) (banyan_replication_alarms{${DC}})`, '{{datacenter}}'],
          {
            limits: RED_ABOVE_0,
          },
        ),
      ],
    },
    {
      title: 'From a write in the primary to a decision elsewhere',
      panels: [
        graph(
          'Canary: round trip',
          'From the writing to the knowledge that it was answered, with the objective.',
          [
            ['max by (of) (banyan_canary_round_trip_seconds)', '{{of}}'],
            ['max(banyan_canary_objective_seconds)', 'objective'],
          ],
          { unit: 's' },
        ),
        graph(
          'Canary: age of the last answer',
          'Grows while nothing arrives.',
          [['max by (of) (banyan_canary_age_seconds)', '{{of}}']],
          {
            unit: 's',
          },
        ),
        graph(
          'Contact over the WAN',
          'Time since the other datacenter was last heard.',
          [[`max by (datacenter, of) (banyan_datacenter_contact_age_seconds{${DC}})`, '{{datacenter}} hears {{of}}']],
          { unit: 's' },
        ),
        graph(
          'Lag by datacenter',
          'As the others know it.',
          [['max by (of) (banyan_datacenter_lag_seconds)', '{{of}}']],
          {
            unit: 's',
          },
        ),
      ],
    },
    {
      title: 'Streams',
      panels: [
        graph(
          'Lag in seconds',
          'How old what is known of the stream may be.',
          [[`max by (datacenter, stream) (banyan_replication_lag_seconds{${DC}})`, '{{datacenter}} {{stream}}']],
          { unit: 's' },
        ),
        graph('Lag in changes', 'Changes of the primary that are not applied.', [
          [`max by (datacenter, stream) (banyan_replication_lag_index{${DC}})`, '{{datacenter}} {{stream}}'],
        ]),
        graph('Ready', '1 while the stream is READY.', [
          [
            `min by (datacenter, stream, state) (banyan_replication_ready{${DC}})`,
            '{{datacenter}} {{stream}} {{state}}',
          ],
        ]),
        graph('Failed rounds in a row', 'Since the last one that did not fail.', [
          [`max by (datacenter, stream) (banyan_replication_consecutive_failures{${DC}})`, '{{datacenter}} {{stream}}'],
        ]),
        graph('Held deletions', 'They wait for a person.', [
          [`max by (datacenter, stream) (banyan_replication_held_deletions{${DC}})`, '{{datacenter}} {{stream}}'],
        ]),
        graph('Quarantined records', 'Set aside, as they do not follow the schema here.', [
          [`max by (datacenter, stream) (banyan_replication_quarantined{${DC}})`, '{{datacenter}} {{stream}}'],
        ]),
        graph('Replication token', '1 while it may.', [
          [`min by (datacenter, scope) (banyan_replication_token_allowed{${DC}})`, '{{datacenter}} {{scope}}'],
        ]),
        graph('Applied index', 'Of the primary; never compared across datacenters.', [
          [`max by (datacenter, stream) (banyan_replication_applied_index{${DC}})`, '{{datacenter}} {{stream}}'],
        ]),
      ],
    },
  ],
};
