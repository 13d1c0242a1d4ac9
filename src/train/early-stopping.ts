/**
 * Early stopping: how many trees a model has. Where flights are few, the best round on one small part is luck: there
 * each block of the training flights in turn validates trees grown on the rest.
 */
import { boost, type Boosted, type BoostTask, cut, growAll } from './boosting.ts';
import { pickRows } from './growing/training-rows.ts';

/**
 * Trees grown on the training rows, as many as suit the blocks and the validation rows together.
 * Blocks are stretches of rows: of days in a split by time, of chance in a split at random.
 * Where `onRound` says to stop, the best round so far is kept.
 */
export const boostWithEarlyStopping = async (task: BoostTask): Promise<Boosted> => {
  const { train, validation, settings, onRound = () => true } = task;
  if (settings.nBlocks === 0 || validation === null) return boost(task);
  let isStopped = false;
  const patient = { ...settings, patience: Number.POSITIVE_INFINITY };
  const whole = await growAll({
    ...task,
    settings: patient,
    onRound: (round) => {
      isStopped = !onRound(round);
      return !isStopped;
    },
  });
  if (isStopped) return cut(whole, whole.bestRound);
  const nRounds = Array.from(whole.rounds, ({ validation: of }) => of * validation.nRows);
  for (let block = 0; block < settings.nBlocks; block++) {
    const begin = Math.floor((block * train.nRows) / settings.nBlocks);
    const end = Math.floor(((block + 1) * train.nRows) / settings.nBlocks);
    const places = Array.from({ length: train.nRows }, (_, row) => row);
    const held = pickRows(train, places.slice(begin, end));
    const rest = pickRows(train, [...places.slice(0, begin), ...places.slice(end)]);
    const { buildLearner } = task;
    const { rounds } = await growAll({
      buildLearner,
      train: rest,
      validation: held,
      settings: patient,
    });
    nRounds.length = Math.min(nRounds.length, rounds.length);
    for (let round = 0; round < nRounds.length; round++)
      nRounds[round]! += rounds[round]!.validation * held.nRows;
  }
  return cut(whole, 1 + nRounds.indexOf(Math.min(...nRounds)));
};
