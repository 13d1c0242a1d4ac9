/** The report of a training as the two files that lie beside its model: for programs, and for people. */
import type { VersionInMaking } from '../../core/model-store.ts';
import { buildTrainingPage } from '../../report/training/training-page.ts';
import type { TrainingReport } from '../../report/training/training-report.ts';

/** @throws AppError file-unwritable */
export const addReport = (making: VersionInMaking, report: TrainingReport): void => {
  making.add('report.json', Buffer.from(`${JSON.stringify(report, null, 2)}\n`));
  making.add('report.html', Buffer.from(buildTrainingPage(report)));
};
