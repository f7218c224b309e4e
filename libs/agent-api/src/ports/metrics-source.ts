/** The metrics of the agent, as text in the Prometheus format. */
export abstract class MetricsSource {
  abstract text(): Promise<string>;
  abstract readonly contentType: string;
}
