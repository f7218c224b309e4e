import { parsedJson, skewOf } from '@banyan/kernel';
import { type AgentReport, agentReportSchema } from '@banyan/adoption';

/**
 * What an agent said of itself; undefined when it does not follow the schema. Its first heartbeat cannot know how far its
 * clock is off: `observedOffsetMs`, what the server sees of it, stands in where only that is too much.
 */
export const parseAgentReport = (json: string, observedOffsetMs: number): AgentReport | undefined => {
  const report = agentReportSchema.safeParse(parsedJson(json)).data;
  if (report === undefined) return undefined;
  const isUnseen = skewOf(report.clockOffsetMs) === undefined && skewOf(observedOffsetMs) !== undefined;
  return isUnseen ? { ...report, clockOffsetMs: observedOffsetMs } : report;
};
