/**
 * Which models serve: the reload of another one, the rollback, and why the last one was refused.
 * Changes happen one after the other; a refused model leaves all as it was.
 */
import { basename, dirname } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { refusalReason } from '../../core/files/system-refusal.ts';
import { findModel, modelNames, switchCurrent } from '../../core/model-store.ts';
import type { ServeConfig } from '../config.ts';
import type { Log } from '../log.ts';
import type { ModelCopy, ModelFacts, ModelRef } from '../messages.ts';
import type { Fleet } from './fleet.ts';
import {
  bringModels,
  type CopyPlace,
  filesOf,
  isAddress,
  resolveModel,
  shownModel,
  wantedBytes,
  type WantedModels,
  wantedOf,
} from './model-source.ts';
import { dropCopy } from './shared-dir.ts';

export interface Served {
  readonly ref: ModelRef;
  readonly facts: ModelFacts;
}

/** What serves, and what was wanted for it. */
interface Wanted extends Served {
  readonly wanted: WantedModels;
}

export interface Reload {
  readonly serving: () => Served;
  /** Why the last change was refused; undefined when it was not. */
  readonly refusal: () => string | undefined;
  readonly counts: Readonly<Record<'ok' | 'refused', number>>;
  /**
   * Puts another model in place, worker by worker: that of one that serves by the same name, else the first. Undefined:
   * all that the service was started with. @throws AppError; the old model then goes on serving */
  readonly switchTo: (wanted: string | undefined) => Promise<Served>;
  /** The same model in fresh workers: for what they read at their start. @returns whether all of them serve */
  readonly restart: () => Promise<boolean>;
  /** Back to the model that served before. @throws AppError model-missing when there is none */
  readonly rollBack: () => Promise<Served>;
}

interface ReloadSetting {
  readonly config: ServeConfig;
  readonly copies: CopyPlace;
  readonly fleet: Fleet;
  readonly log: Log;
  /** What serves at the start. */
  readonly first: Served;
  /** Called when another model is about to be tried. */
  readonly onBegin: () => void;
  /** Called when other models serve. */
  readonly onSwitch: () => void;
  /** Called when something that `/readyz` depends on has changed. */
  readonly onChange: () => void;
}

/** Models that are to serve from now on. */
interface Change {
  readonly ref: ModelRef;
  readonly wanted: WantedModels;
  /** The place in `others` of the one that is new; -1: the first. */
  readonly chosen: number;
}

/** `nyc` of `models/nyc/20261122T101500Z-1a2b3c4d/model.safetensors`. */
const folderOf = (path: string): string => basename(dirname(dirname(path)));

export const buildReload = ({
  config,
  copies,
  fleet,
  log,
  first,
  onBegin,
  onSwitch,
  onChange,
}: ReloadSetting): Reload => {
  let serving: Wanted = { ...first, wanted: wantedOf(config) };
  let before: Wanted | undefined;
  let refusal: string | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  const counts = { ok: 0, refused: 0 };

  /** One change at a time, in the order they were asked for. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(work);
    queue = turn.catch(() => {});
    return turn;
  };

  /** The end of the service is no refusal of a model, and whoever waits for one is told at once. */
  const unlessEnded = <T>(work: Promise<T>): Promise<T> => Promise.race([work, fleet.ended]);

  /** @param isChosen somebody chose it; else it is what the folder says, which may say something newer by now */
  const put = async (
    what: string,
    changeOf: () => Change | Promise<Change>,
    isChosen: boolean,
  ): Promise<Served> => {
    let ref: ModelRef | undefined;
    onBegin();
    try {
      const { wanted, chosen, ...change } = await changeOf();
      ref = change.ref;
      const { child, facts } = await fleet.tryModel(ref);
      await fleet.roll(ref, child);
      if (before && before.ref !== ref) forget(before.ref);
      before = serving;
      serving = { ref, facts, wanted };
      refusal = undefined;
      counts.ok++;
      onSwitch();
      const { name, version } = chosen < 0 ? facts : facts.others[chosen]!;
      log.info('another model serves', { name, version });
      if (isChosen)
        rememberCurrent(
          chosen < 0 ? ref : ref.others[chosen]!,
          chosen < 0 ? facts : facts.others[chosen]!,
        );
      return serving;
    } catch (error) {
      if (!(error instanceof AppError) || fleet.isEnding()) throw error;
      refusal = `${what} was refused: ${error.message}`;
      counts.refused++;
      log.error(refusal, { code: error.code, serving: serving.facts.version });
      if (ref && ref !== before?.ref) forget(ref);
      throw error;
    } finally {
      onChange();
    }
  };

  const forget = (ref: ModelRef): void => {
    for (const file of filesOf(ref)) dropCopy(file);
  };

  /** Where in `others` a model of that name answers; -1: it is, or would be, the first. */
  const placeOf = (wanted: string): number => {
    if (isAddress(wanted)) return -1;
    const name = folderOf(resolveModel(config, wanted));
    const { facts } = serving;
    if (name === facts.name) return -1;
    return facts.others.findIndex((other) => other.role === 'named' && other.name === name);
  };

  const changeTo = async (model: string | undefined): Promise<Change> => {
    const chosen = model === undefined ? -1 : placeOf(model);
    const { first: _, ...others } = serving.wanted;
    const wanted: WantedModels =
      model === undefined
        ? wantedOf(config)
        : chosen < 0
          ? { ...others, first: model }
          : { ...serving.wanted, named: others.named.with(chosen, model) };
    await fleet.makeRoom(wantedBytes(config, wanted));
    return { ref: await bringModels(config, copies, wanted), wanted, chosen };
  };

  /** A model of the models folder becomes the one that a restart serves. */
  const rememberCurrent = (ref: ModelCopy, facts: Pick<ModelFacts, 'name' | 'version'>): void => {
    const name = folderOf(ref.path);
    if (name !== facts.name) return;
    try {
      if (!modelNames(config.modelsDir).includes(name)) return;
      if (findModel(config.modelsDir, `${name}/${facts.version}`) !== ref.path) return;
      switchCurrent(config.modelsDir, name, facts.version);
    } catch (error) {
      log.warn('the current version could not be recorded', { error: refusalReason(error) });
    }
  };

  return {
    serving: () => serving,
    refusal: () => refusal,
    counts,
    switchTo: (wanted) =>
      unlessEnded(
        inTurn(() =>
          put(
            `the model ${shownModel(wanted ?? config.model ?? '')}`.trim(),
            () => changeTo(wanted),
            wanted !== undefined,
          ),
        ),
      ),
    restart: () =>
      inTurn(async () => {
        try {
          const { child } = await fleet.tryModel(serving.ref);
          await fleet.roll(serving.ref, child);
          log.info('fresh workers are serving');
          refusal = undefined;
          return true;
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          if (fleet.isEnding()) return false;
          refusal = `fresh workers were refused: ${error.message}`;
          log.error(refusal, { code: error.code });
          return false;
        } finally {
          onChange();
        }
      }),
    rollBack: () =>
      unlessEnded(
        inTurn(() => {
          const last = before;
          if (!last)
            throw new AppError('model-missing', 'no other model has served since the start');
          return put('the model before', () => ({ ...last, chosen: -1 }), true);
        }),
      ),
  };
};
