/** One service of `GET /v1/health/services`: its instances by the worst of their checks. */
export interface ServiceSummary {
  readonly Name: string;
  readonly Kind: string;
  readonly Tags: readonly string[];
  readonly Nodes: number;
  readonly Instances: number;
  readonly Passing: number;
  readonly Warning: number;
  readonly Critical: number;
}

export interface HealthCheck {
  readonly CheckID: string;
  readonly Name: string;
  readonly Status: string;
  readonly Output: string;
  readonly ServiceID: string;
  readonly Type: string;
}

/** One instance of `GET /v1/health/service/:name`. */
export interface ServiceInstance {
  readonly Node: { readonly Node: string; readonly Address: string; readonly Datacenter: string };
  readonly Service: {
    readonly ID: string;
    readonly Service: string;
    readonly Kind: string;
    readonly Tags: readonly string[];
    readonly Address: string;
    readonly Port: number;
    readonly Meta: Readonly<Record<string, string>>;
    readonly Proxy?: { readonly DestinationServiceName?: string } | null;
    readonly Connect: { readonly Native?: boolean };
  };
  readonly Checks: readonly HealthCheck[];
}
