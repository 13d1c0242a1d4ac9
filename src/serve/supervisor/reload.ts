/**
 * Which model serves: the reload of another one, the rollback, and why the last one was refused.
 * Changes happen one after the other; a refused model leaves all as it was.
 */
import { rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { findModel, modelNames, switchCurrent } from '../../core/model-store.ts';
import type { ServeConfig } from '../config.ts';
import type { Log } from '../log.ts';
import type { ModelFacts, ModelRef } from '../messages.ts';
import type { Fleet } from './fleet.ts';
import { bringModel, shownModel } from './model-source.ts';

export interface Served {
  readonly ref: ModelRef;
  readonly facts: ModelFacts;
}

export interface Reload {
  readonly serving: () => Served;
  /** Why the last change was refused; undefined when it was not. */
  readonly refusal: () => string | undefined;
  readonly counts: Readonly<Record<'ok' | 'refused', number>>;
  /** Puts another model in place, worker by worker. @throws AppError; the old model then goes on serving */
  readonly switchTo: (wanted: string | undefined) => Promise<Served>;
  /** The same model in fresh workers: for what they read at their start. @returns whether all of them serve */
  readonly restart: () => Promise<boolean>;
  /** Back to the model that served before. @throws AppError model-missing when there is none */
  readonly rollBack: () => Promise<Served>;
}

interface ReloadSetting {
  readonly config: ServeConfig;
  /** Where copies of models go, see `keepModel`. */
  readonly sharedDirs: readonly string[];
  readonly fleet: Fleet;
  readonly log: Log;
  /** What serves at the start. */
  readonly first: Served;
  /** Called when another model is about to be tried. */
  readonly onBegin: () => void;
  /** Called when something that `/readyz` depends on has changed. */
  readonly onChange: () => void;
}

export const buildReload = ({
  config,
  sharedDirs,
  fleet,
  log,
  first,
  onBegin,
  onChange,
}: ReloadSetting): Reload => {
  let serving = first;
  let before: Served | undefined;
  let refusal: string | undefined;
  let kept = 1;
  let queue: Promise<unknown> = Promise.resolve();
  const counts = { ok: 0, refused: 0 };

  /** One change at a time, in the order they were asked for. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(work);
    queue = turn.catch(() => {});
    return turn;
  };

  /** @param isChosen somebody chose it; else it is what the folder says, which may say something newer by now */
  const put = async (
    what: string,
    refOf: () => ModelRef | Promise<ModelRef>,
    isChosen: boolean,
  ): Promise<Served> => {
    let ref: ModelRef | undefined;
    onBegin();
    try {
      ref = await refOf();
      const { child, facts } = await fleet.tryModel(ref);
      const next: Served = { ref, facts };
      await fleet.roll(ref, child);
      if (before && before.ref !== ref) rmSync(before.ref.file, { force: true });
      before = serving;
      serving = next;
      refusal = undefined;
      counts.ok++;
      log.info('another model serves', { name: facts.name, version: facts.version });
      if (isChosen) rememberCurrent(next);
      return next;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      refusal = `${what} was refused: ${error.message}`;
      counts.refused++;
      log.error(refusal, { code: error.code, serving: serving.facts.version });
      if (ref && ref !== before?.ref) rmSync(ref.file, { force: true });
      throw error;
    } finally {
      onChange();
    }
  };

  /** A model of the models folder becomes the one that a restart serves. */
  const rememberCurrent = ({ ref, facts }: Served): void => {
    const name = basename(dirname(dirname(ref.path)));
    if (name !== facts.name || !modelNames(config.modelsDir).includes(name)) return;
    try {
      if (findModel(config.modelsDir, `${name}/${facts.version}`) !== ref.path) return;
      switchCurrent(config.modelsDir, name, facts.version);
    } catch (error) {
      log.warn('the current version could not be recorded', { error: (error as Error).message });
    }
  };

  return {
    serving: () => serving,
    refusal: () => refusal,
    counts,
    switchTo: (wanted) =>
      inTurn(() =>
        put(
          `the model ${shownModel(wanted ?? config.model ?? '')}`.trim(),
          () => bringModel(config, sharedDirs, ++kept, wanted),
          wanted !== undefined,
        ),
      ),
    restart: () =>
      inTurn(async () => {
        try {
          const { child } = await fleet.tryModel(serving.ref);
          await fleet.roll(serving.ref, child);
          log.info('fresh workers serve');
          refusal = undefined;
          return true;
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          refusal = `fresh workers were refused: ${error.message}`;
          log.error(refusal, { code: error.code });
          return false;
        } finally {
          onChange();
        }
      }),
    rollBack: () =>
      inTurn(() => {
        const last = before;
        if (!last) throw new AppError('model-missing', 'no other model has served since the start');
        return put('the model before', () => last.ref, true);
      }),
  };
};
