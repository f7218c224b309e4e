import { type AgentReport, agentReportSchema, MOST_SKEW_MS } from '@banyan/adoption';

/**
 * What an agent said of itself; undefined when it does not follow the schema. Its first heartbeat cannot know how far its
 * clock is off: `observedOffsetMs`, what the server sees of it, stands in where only that is too much.
 */
export const parseAgentReport = (json: string, observedOffsetMs: number): AgentReport | undefined => {
  const report = agentReportSchema.safeParse(parsedJson(json)).data;
  if (report === undefined) return undefined;
  const isUnseen = Math.abs(report.clockOffsetMs) <= MOST_SKEW_MS && Math.abs(observedOffsetMs) > MOST_SKEW_MS;
  return isUnseen ? { ...report, clockOffsetMs: observedOffsetMs } : report;
};

/** Undefined for what is no JSON, which no schema lets through. */
const parsedJson = (json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
};
