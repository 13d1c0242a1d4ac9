/**
 * The largest memory that this process has held, as the reports print it.
 */
import { readFileSync } from 'node:fs';

/** Of this process alone: the peak that getrusage gives is inherited from whoever started it. */
export const peakMemoryMb = (): number => {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024;
  } catch {
    return process.resourceUsage().maxRSS / 1024;
  }
};
