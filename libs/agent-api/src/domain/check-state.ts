import type { CheckDefinition, CheckState, CheckStatus } from '@banyan/catalog';
import { durationMs, formatGoDuration } from '@banyan/kernel';

/** A check with its result, as the catalog stores it. */
export const checkStateOf = (
  check: CheckDefinition,
  result: { readonly status: CheckStatus; readonly output: string },
): CheckState => ({
  CheckID: check.checkId,
  Name: check.name,
  Status: result.status,
  Notes: check.notes,
  Output: result.output,
  ServiceID: check.serviceId,
  Type: check.probe.kind,
  Interval: formatGoDuration('intervalMs' in check.probe ? check.probe.intervalMs : durationMs(0)),
  Timeout: formatGoDuration('timeoutMs' in check.probe ? check.probe.timeoutMs : durationMs(0)),
});

/** Output beyond this is cut: the catalog keeps no more. Unit: characters. */
export const OUTPUT_LIMIT = 4_096;

/** An output as long as the catalog keeps it. */
export const cutOutput = (output: string): string => output.slice(0, OUTPUT_LIMIT);
