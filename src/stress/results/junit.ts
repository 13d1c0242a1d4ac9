/**
 * A run as JUnit XML, which every CI shows: one case for each threshold, for the service's being there, for the measuring.
 */
import { showActual } from '../analysis/result.ts';
import type { RunFile } from './run-file.ts';

interface Case {
  readonly name: string;
  /** Null: it passed. */
  readonly failure: string | null;
}

export const junitOf = (run: RunFile): string => {
  const cases = casesOf(run);
  const nFailed = cases.filter(({ failure }) => failure !== null).length;
  const suite = escapeXml(`puntual stress ${run.url}`);
  const seconds = (run.main.durationMs / 1000).toFixed(3);
  const counts = `tests="${cases.length}" failures="${nFailed}"`;
  const lines = cases.map(({ name, failure }) => {
    const head = `    <testcase classname="${suite}" name="${escapeXml(name)}" time="${seconds}"`;
    return failure === null
      ? `${head}/>`
      : `${head}>\n      <failure message="${escapeXml(failure)}"/>\n    </testcase>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites ${counts}>
  <testsuite name="${suite}" ${counts} timestamp="${run.startedAt.slice(0, 19)}" time="${seconds}">
${lines.join('\n')}
    <system-out>${escapeXml(run.result.sentence)}</system-out>
  </testsuite>
</testsuites>
`;
};

const casesOf = ({ thresholds, result, verdict }: RunFile): Case[] => [
  ...thresholds.map((judgement) => ({
    name: judgement.threshold,
    failure: judgement.holds ? null : `was ${showActual(judgement)}`,
  })),
  { name: 'result', failure: result.kind === 'failed' ? result.sentence : null },
  { name: 'measurement', failure: verdict.kind === 'valid' ? null : verdict.sentence },
];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

const escapeXml = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => ENTITIES[character]!);
