/** What a proxy has done since it started. All counts, except those named active, only grow. */
export interface ProxyCounters {
  /** Incoming TLS handshakes that completed with a verified client certificate. */
  inboundHandshakes: number;
  /** Incoming TLS handshakes that failed, including peers that closed before one. */
  inboundHandshakeFailures: number;
  /** Incoming connections that were refused or cut by the identity check or by an intention. */
  denied: number;
  /** Outgoing mutual-TLS connections that were established. */
  outboundHandshakes: number;
  /** Outgoing attempts that failed; one connection of the workload may make several. */
  outboundFailures: number;
  /** Connections of the workload that no endpoint took. */
  outboundUnserved: number;
  /** Accepted handshakes that were verified a second time, against the active root alone. */
  shadowChecked: number;
  /** Of those: handshakes that the shadow trust store would have refused. */
  shadowFailed: number;
  /** Handshakes opened only to look at an idle edge, and those of them that failed. */
  probesSent: number;
  probesFailed: number;
  /** Incoming probes that were verified; the workload never sees them. */
  probesReceived: number;
  /** Live connections that were cut since their peer stood only under a compromised root that has left the trust bundle. */
  cutTainted: number;
  activeInbound: number;
  activeOutbound: number;
}

/** Of a proxy that has just started. */
export const zeroCounters = (): ProxyCounters => ({
  inboundHandshakes: 0,
  inboundHandshakeFailures: 0,
  denied: 0,
  outboundHandshakes: 0,
  outboundFailures: 0,
  outboundUnserved: 0,
  shadowChecked: 0,
  shadowFailed: 0,
  probesSent: 0,
  probesFailed: 0,
  probesReceived: 0,
  cutTainted: 0,
  activeInbound: 0,
  activeOutbound: 0,
});
