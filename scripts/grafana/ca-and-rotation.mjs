import { DC, RATE, stat, graph, RED_ABOVE_0, life } from './words.mjs';

/** One of the four dashboards. */
export const caAndRotation = {
  uid: 'banyan-ca',
  title: 'CA and rotation',
  means: 'Is trust intact, and what is the rotation doing?',
  sections: [
    {
      title: 'Trust',
      perLine: 4,
      panels: [
        stat(
          'Life of the root',
          'Share that is over; renewed at two thirds.',
          [`max by (datacenter) (banyan_ca_root_life_used_ratio{${DC}})`, '{{datacenter}}'],
          { unit: 'percentunit', limits: life(0.7, 0.8) },
        ),
        stat(
          'Life of the intermediates',
          'Share that is over; renewed at about half.',
          [`max by (datacenter) (banyan_ca_intermediate_life_used_ratio{${DC}})`, '{{datacenter}}'],
          { unit: 'percentunit', limits: life(0.6, 0.75) },
        ),
        stat(
          'Oldest leaf',
          'Greatest share of a leaf’s life that is over; renewed between 45 and 60 %.',
          [`max by (datacenter) (banyan_leaf_life_used_ratio{${DC}})`, '{{datacenter}}'],
          { unit: 'percentunit', limits: life(0.65, 0.8) },
        ),
        stat(
          'Tainted roots',
          'Roots in the bundle whose key is in wrong hands.',
          [`max by (datacenter) (banyan_ca_tainted_roots{${DC}})`, '{{datacenter}}'],
          { limits: RED_ABOVE_0 },
        ),
      ],
    },
    {
      title: 'Rotation',
      panels: [
        graph(
          'Phase',
          'Unfinished rotations by phase.',
          [[`max by (phase) (banyan_rotation_phase{${DC}})`, '{{phase}}']],
          { stack: true },
        ),
        graph('Health', 'Unfinished rotations by health.', [
          [`max by (health) (banyan_rotation_health{${DC}})`, '{{health}}'],
        ]),
        graph(
          'Time remaining in the phase',
          'By what is left to move and to wait for.',
          [[`max by (datacenter) (banyan_rotation_remaining_seconds{${DC}})`, '{{datacenter}}']],
          { unit: 's' },
        ),
        graph('Blockers', 'Who stands in the way, by datacenter and reason; the dashboard of banyan names them.', [
          ['max by (of, reason) (banyan_rotation_blockers)', '{{of}} {{reason}}'],
        ]),
        graph(
          'Leaves by issuer',
          'Live leaves by the ID of the root above them.',
          [[`max by (datacenter, issuer) (banyan_leaves{${DC}})`, '{{datacenter}} {{issuer}}']],
          { stack: true },
        ),
        graph(
          'Leaves of the rotation',
          'Staying, or leaving with their issuer, by the ledger.',
          [['max by (of, state) (banyan_rotation_leaves)', '{{of}} {{state}}']],
          { stack: true },
        ),
        graph(
          'Agents of the rotation',
          'Trusting the root that is to stay, waiting, or silent.',
          [['max by (of, state) (banyan_rotation_agents)', '{{of}} {{state}}']],
          { stack: true },
        ),
        graph('Second verification', 'Handshakes that still needed the root that is to go.', [
          ['max by (of) (banyan_rotation_shadow_failures)', '{{of}}'],
          [`sum by (proxy) (rate(banyan_proxy_shadow_checks_total{result="failed"}${RATE}))`, '{{proxy}} per second'],
        ]),
      ],
    },
    {
      title: 'Signing',
      panels: [
        graph(
          'Requests for certificates',
          'Offered, served by whose they are, refused.',
          [
            [`sum by (datacenter) (rate(banyan_csr_offered_total{${DC}}${RATE}))`, '{{datacenter}} offered'],
            [
              `sum by (datacenter, kind) (rate(banyan_csr_served_total{${DC}}${RATE}))`,
              '{{datacenter}} served: {{kind}}',
            ],
          ],
          { unit: 'reqps' },
        ),
        graph(
          'Refused',
          'By error code. CSR_RATE_LIMITED: told when to come back.',
          [[`sum by (datacenter, code) (rate(banyan_csr_refused_total{${DC}}${RATE}))`, '{{datacenter}} {{code}}']],
          { unit: 'reqps' },
        ),
        graph(
          'Budget and capacity',
          'Leaves per second that the limits allow, and that a server could sign.',
          [
            [`max by (datacenter) (banyan_signing_budget_per_second{${DC}})`, '{{datacenter}} budget'],
            [`sum by (datacenter) (banyan_signing_capacity_per_second{${DC}})`, '{{datacenter}} capacity'],
          ],
          { unit: 'reqps' },
        ),
        graph(
          'Chain',
          'What a leaf carries beside itself. It grows while a rotation needs cross-signed certificates.',
          [[`max by (datacenter) (banyan_ca_chain_bytes{${DC}})`, '{{datacenter}}']],
          { unit: 'bytes' },
        ),
        graph('Ledger', 'Entries per second, and those that could not be written.', [
          [`sum by (datacenter) (rate(banyan_ledger_entries_total{${DC}}${RATE}))`, '{{datacenter}} written'],
          [`sum by (datacenter) (rate(banyan_ledger_failed_total{${DC}}${RATE}))`, '{{datacenter}} failed'],
        ]),
        graph('Roots in the bundle', 'Two while a rotation is under way.', [
          [`max by (datacenter) (banyan_ca_bundle_roots{${DC}})`, '{{datacenter}}'],
        ]),
      ],
    },
  ],
};
