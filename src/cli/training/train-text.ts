/**
 * What a person reads after `train` and `evaluate`.
 */
import { dirname, join } from 'node:path';
import { describeDays } from '../../core/known-days.ts';
import type { Baseline } from '../../train/quality/evaluation.ts';
import type { TrainReport } from '../../train/train-report.ts';
import { printLeftOut, printUnused } from '../left-out.ts';
import { printLine, printTable, printWarning } from '../output.ts';
import type { TrainFilesReport } from './train-files.ts';

/** What a person reads after training. */
export const printTrainReport = (report: TrainFilesReport): void => {
  if (report.splitKind === 'random')
    printWarning(
      'split at random: flights of the same day are on both sides, so every figure below flatters the model',
    );
  printRows(report);
  for (const [part, dates] of Object.entries(report.split))
    printLine(`  ${part.padEnd(12)} ${dates}`);
  printUnused(report.unusedColumns);
  printLine(report.verdict);
  printQuality(report, 'on the test flights');
  printHeads(report.heads);
  printCosts(report);
  if (report.rolling)
    printTable(
      ['month', 'AUC', 'log loss', 'ECE', 'climatology AUC', 'log loss '],
      report.rolling.map(({ month, test, climatology }) => [
        month,
        test.auc.toFixed(4),
        test.logLoss.toFixed(4),
        test.ece.toFixed(4),
        climatology.auc.toFixed(4),
        climatology.logLoss.toFixed(4),
      ]),
    );
  if (report.refit)
    printLine(
      `trained again on all ${report.refit.rows.toLocaleString('en')} flights (${describeDays(report.refit)}) in ${report.refit.seconds.toFixed(1)} s: that model is stored; the figures are those of the one before it`,
    );
  if (report.trees >= report.maxTrees)
    printLine(
      `training ended at the limit of ${report.maxTrees} trees: more of them (--trees) may do better`,
    );
  printLine(`report: ${join(dirname(report.model), 'report.html')}`);
  printLine(
    `${report.model}  (${report.seconds.toFixed(1)} s, ${report.peakMemoryMb.toFixed(0)} MB)`,
  );
};

/** How many flights were used, and why others were not. */
export const printRows = (
  report: Pick<TrainFilesReport, 'rows' | 'rejected' | 'examples'>,
): void => {
  const { used, read } = report.rows;
  printLine(`${used.toLocaleString('en')} of ${read.toLocaleString('en')} flights used`);
  printLeftOut(report);
};

/** The model beside its baselines. */
export const printQuality = (
  {
    test,
    baselines,
    against,
  }: Pick<TrainReport, 'test'> & {
    readonly baselines: Readonly<Record<string, Baseline>>;
    readonly against?: Baseline & { readonly name: string };
  },
  title: string,
  own = 'model',
): void => {
  const row = (name: string, { auc, logLoss, brier }: Baseline): string[] => [
    name,
    auc.toFixed(4),
    logLoss.toFixed(4),
    brier.toFixed(4),
  ];
  printTable(
    [title, 'AUC', 'log loss', 'Brier'],
    [
      row(own, test),
      ...Object.entries(baselines).map(([name, quality]) => row(name, quality)),
      ...(against ? [row(against.name, against)] : []),
    ],
  );
  printLine(
    `calibration error ${test.ece.toFixed(4)}; ${(100 * test.baseRate).toFixed(1)} % of ${test.rows.toLocaleString('en')} flights late`,
  );
};

/** Whether the quantiles of minutes come true. */
export const printHeads = (
  heads: readonly Pick<TrainReport['heads'][number], 'coverage'>[],
): void => {
  const covered = heads.flatMap(({ coverage }) =>
    coverage
      ? `P${Math.round(100 * coverage.level)} covers ${(100 * coverage.value).toFixed(1)} %`
      : [],
  );
  if (covered.length > 0) printLine(`minutes of delay: ${covered.join(', ')}`);
};

/** From which probability on the costs say to act, and what that brings. */
export const printCosts = ({
  thresholds,
  costThreshold,
}: Pick<TrainReport, 'thresholds' | 'costThreshold'>): void => {
  const suited = thresholds.find(({ threshold }) => threshold === costThreshold);
  if (!suited) return;
  printLine(
    `at these costs, act from ${(100 * suited.threshold).toFixed(1)} % on: precision ${(100 * suited.precision).toFixed(1)} %, ` +
      `recall ${(100 * suited.recall).toFixed(1)} %, ${suited.alertsPerDay.toFixed(0)} alerts a day`,
  );
};
