/** The metrics of the process, as text. `Metrics` of `@banyan/telemetry` has this shape. */
export abstract class MetricsText {
  /** Everything in the Prometheus text format. */
  abstract text(): Promise<string>;
  /** Media type of {@link text}. */
  abstract readonly contentType: string;
}
