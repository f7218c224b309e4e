import { z } from 'zod';

/** GET /v1/health/services. */
export const serviceSummariesShape = z.array(
  z.looseObject({
    Name: z.string(),
    Kind: z.string(),
    Tags: z.array(z.string()),
    Nodes: z.number(),
    Instances: z.number(),
    Passing: z.number(),
    Warning: z.number(),
    Critical: z.number(),
  }),
);
export type WireServiceSummary = z.infer<typeof serviceSummariesShape>[number];

/** GET /v1/health/service/:name. */
export const instancesShape = z.array(
  z.looseObject({
    Node: z.looseObject({ Node: z.string(), Address: z.string(), Datacenter: z.string() }),
    Service: z.looseObject({
      ID: z.string(),
      Service: z.string(),
      Kind: z.string(),
      Address: z.string(),
      Port: z.number(),
      Tags: z.array(z.string()),
      Proxy: z.looseObject({ DestinationServiceName: z.string().optional() }).optional(),
    }),
    Checks: z.array(z.looseObject({ CheckID: z.string(), Name: z.string(), Status: z.string(), Output: z.string() })),
  }),
);
export type WireInstance = z.infer<typeof instancesShape>[number];
