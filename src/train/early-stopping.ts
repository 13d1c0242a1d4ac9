/**
 * Where flights are few, the best round on one small part is luck: here every block of them judges trees grown on the rest.
 */
import { type Boost, boost, boostOn, cut } from './boosting.ts';
import { pickRows } from './growing/training-rows.ts';

/**
 * Trees grown on the training rows, as many as suit the blocks and the validation rows together.
 * Blocks are stretches of rows: of days in a split by time, of chance in a split at random.
 * @param onRound returns false to stop early, keeping the best round so far
 */
export const boostStopped: Boost = async (
  buildLearner,
  train,
  validation,
  loss,
  settings,
  onRound = () => true,
) => {
  if (settings.nBlocks === 0 || validation === null)
    return boost(buildLearner, train, validation, loss, settings, onRound);
  let isStopped = false;
  const patient = { ...settings, patience: Number.POSITIVE_INFINITY };
  const whole = await boostOn(buildLearner, train, validation, loss, patient, (round) => {
    isStopped = !onRound(round);
    return !isStopped;
  });
  if (isStopped) return cut(whole, whole.bestRound);
  const nRounds = Array.from(whole.rounds, ({ validation: of }) => of * validation.nRows);
  for (let block = 0; block < settings.nBlocks; block++) {
    const begin = Math.floor((block * train.nRows) / settings.nBlocks);
    const end = Math.floor(((block + 1) * train.nRows) / settings.nBlocks);
    const places = Array.from({ length: train.nRows }, (_, row) => row);
    const judge = pickRows(train, places.slice(begin, end));
    const rest = pickRows(train, [...places.slice(0, begin), ...places.slice(end)]);
    const { rounds } = await boostOn(buildLearner, rest, judge, loss, patient);
    nRounds.length = Math.min(nRounds.length, rounds.length);
    for (let round = 0; round < nRounds.length; round++)
      nRounds[round]! += rounds[round]!.validation * judge.nRows;
  }
  return cut(whole, 1 + nRounds.indexOf(Math.min(...nRounds)));
};
