/** @jsxImportSource preact */
/**
 * The view of the model: what it answers, what it learned from, how good it was found, how today's requests compare.
 */
import { useEffect, useState } from 'preact/hooks';
import { Bars } from '../charts.tsx';
import {
  dayOf,
  finePercentOf,
  labelOf,
  numberOf,
  percentOf,
  type Words,
  wordsOf,
} from '../words/words.ts';
import { here } from './here.ts';
import type { PageData } from './read-page.ts';

interface Score {
  readonly auc: number;
  readonly logLoss: number;
  readonly brier?: number;
  readonly ece?: number;
}

/** What `/model` answers, as far as it is shown. */
interface ModelDocument {
  readonly name: string;
  readonly version: string;
  readonly threshold: number;
  readonly madeBy: string;
  readonly inputs: {
    readonly required?: readonly string[];
    readonly properties: Readonly<Record<string, { readonly description?: string }>>;
  };
  readonly trainedOn?: {
    readonly dialect: string;
    readonly known?: { readonly rows: number; readonly ranges?: readonly string[] };
    readonly settings?: Readonly<Record<string, unknown>>;
    readonly split: Readonly<Record<string, string>>;
  };
  readonly quality?: Score & { readonly baseRate: number; readonly rows: number };
  readonly baselines?: Readonly<Record<string, Score>>;
  readonly reliability?: readonly Group[];
  readonly gains?: readonly {
    readonly against: string;
    readonly days: number;
    readonly logLoss: Measured;
    readonly auc: Measured;
  }[];
  readonly coverage?: readonly (Measured & { readonly level: number })[];
  readonly importance?: readonly { readonly feature: string; readonly share: number }[];
  readonly drift: readonly {
    readonly input: string;
    readonly psi: number | null;
    readonly seen: number;
  }[];
}

interface Measured {
  readonly value: number;
  readonly interval: { readonly low: number; readonly high: number } | null;
}

interface Group {
  readonly predicted: number;
  readonly observed: number;
  readonly rows: number;
}

export const ModelView = ({ page }: { page: PageData }) => {
  const words = wordsOf(page.lang);
  const [model, setModel] = useState<ModelDocument | 'failed' | undefined>(undefined);
  useEffect(() => {
    fetch(here('/model'), { headers: { accept: 'application/json' } })
      .then(async (response) => setModel((await response.json()) as ModelDocument))
      .catch(() => setModel('failed'));
  }, []);
  if (model === undefined) return <section class="card tall" aria-busy="true" />;
  if (model === 'failed')
    return (
      <section class="card">
        <p class="note">{words.answer.unreachable}</p>
      </section>
    );
  return (
    <div class="views">
      <section class="card">
        <h2>
          {model.name} <small>{model.version}</small>
        </h2>
        {factsOf(model, page, words).map((fact) => (
          <p key={fact}>{fact}</p>
        ))}
        <p>
          <a href={here('/model')}>{words.model.asJson}</a>
        </p>
      </section>
      {model.quality && <Quality model={model} words={words} />}
      {model.coverage && model.coverage.length > 0 && (
        <Coverage quantiles={model.coverage} words={words} />
      )}
      {model.reliability && model.reliability.length > 0 && (
        <Reliability groups={model.reliability} words={words} />
      )}
      {model.importance && model.importance.length > 0 && (
        <section class="card">
          <Bars
            caption={words.model.importance}
            rows={model.importance.map(({ feature, share }) => ({
              label: labelOf(words, feature),
              value: share,
              text: percentOf(words, share),
            }))}
          />
          <p class="legend">{words.model.importanceNote}</p>
        </section>
      )}
      <Drift model={model} words={words} />
      <section class="card">
        <table class="inputs">
          <caption>{words.model.inputs}</caption>
          <tbody>
            {Object.entries(model.inputs.properties).map(([name, { description = '' }]) => (
              <tr key={name}>
                <th scope="row">{labelOf(words, name)}</th>
                <td>
                  <code>{name}</code>
                  {model.inputs.required?.includes(name) ? '' : ` (${words.form.optional})`}
                </td>
                {page.lang === 'en' && <td>{description.split('. ')[0]}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  );
};

const rangeOf = (words: Words, range = ''): readonly [string, string] => {
  const [from, to] = range.split('..');
  return from && to ? [dayOf(words, from), dayOf(words, to)] : ['', ''];
};

/** More periods than these are no sentence: the first and the last day stand for them. */
const MOST_PERIODS = 4;

const periodsOf = (
  words: Words,
  ranges: readonly string[],
): readonly (readonly [string, string])[] =>
  ranges.length <= MOST_PERIODS
    ? ranges.map((range) => rangeOf(words, range))
    : [[dayOf(words, ranges[0]!), dayOf(words, ranges.at(-1)!.slice(-10))]];

const factsOf = (model: ModelDocument, page: PageData, words: Words): readonly string[] => {
  const { trainedOn, quality, threshold, madeBy } = model;
  const facts = [words.model.answers(page.subject, percentOf(words, threshold))];
  if (trainedOn) {
    const { learnedFrom, learnedTo } = page.subject;
    facts.push(
      words.model.learned(
        trainedOn.known === undefined ? '' : numberOf(words, trainedOn.known.rows),
        periodsOf(words, trainedOn.known?.ranges ?? [`${learnedFrom}..${learnedTo}`]),
        trainedOn.dialect,
      ),
    );
  } else facts.push(words.model.imported(madeBy));
  if (quality) {
    const [from, to] = rangeOf(words, trainedOn?.split['test']);
    const { refit, split } = trainedOn?.settings ?? {};
    const [rows, late] = [numberOf(words, quality.rows), percentOf(words, quality.baseRate)];
    facts.push(
      split === 'random'
        ? words.model.testedAtRandom(rows, late)
        : words.model[refit === true ? 'testedBefore' : 'tested'](rows, from, to, late),
    );
  }
  return facts;
};

const Quality = ({ model, words }: { model: ModelDocument; words: Words }) => {
  const { baselines = {}, quality } = model;
  const rows: readonly (readonly [string, Score | undefined])[] = [
    [words.model.thisModel, quality],
    [words.model.climatology, baselines['climatology']],
    [words.model.logistic, baselines['logistic']],
  ];
  const columns = ['auc', 'logLoss', 'brier', 'ece'] as const;
  return (
    <section class="card">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section class="scroll" tabIndex={0} aria-label={words.model.quality}>
        <table class="numbers">
          <caption>{words.model.quality}</caption>
          <thead>
            <tr>
              <th scope="col">{words.model.which}</th>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {words.model[column]}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(
              ([name, score]) =>
                score && (
                  <tr key={name}>
                    <th scope="row">{name}</th>
                    {columns.map((column) => (
                      <td key={column}>
                        {score[column] === undefined
                          ? ''
                          : column === 'ece'
                            ? finePercentOf(words, score[column])
                            : numberOf(words, score[column], 4)}
                      </td>
                    ))}
                  </tr>
                ),
            )}
          </tbody>
        </table>
      </section>
      <p class="legend">{words.model.qualityNote}</p>
      <Gains model={model} words={words} />
    </section>
  );
};

/** `+0,5 (−0,6 a +1,6)`; the figure alone where there is no interval. An interval is not broken: it stands below if need be. */
const intervalOf = (words: Words, { value, interval }: Measured, write: (x: number) => string) =>
  interval === null
    ? write(value)
    : `${write(value)} ${`(${words.model.range(write(interval.low), write(interval.high))})`.replaceAll(' ', NO_BREAK)}`;

const NO_BREAK = '\u00a0';

/** What it gains on each baseline, and how sure that is. */
const Gains = ({ model: { gains = [] }, words }: { model: ModelDocument; words: Words }) => {
  const names: Readonly<Record<string, string>> = {
    climatology: words.model.climatology,
    logistic: words.model.logistic,
  };
  const signed = (digits: number, factor: number) => (value: number) =>
    `${value < 0 ? '−' : '+'}${numberOf(words, Math.abs(value) * factor, digits)}`;
  if (gains.length === 0) return null;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section class="scroll" tabIndex={0} aria-label={words.model.gains}>
        <table class="numbers">
          <caption>{words.model.gains}</caption>
          <thead>
            <tr>
              <th scope="col">{words.model.against}</th>
              <th scope="col">{words.model.lossSaved}</th>
              <th scope="col">{words.model.aucGained}</th>
            </tr>
          </thead>
          <tbody>
            {gains.map(({ against, logLoss, auc }) => (
              <tr key={against}>
                <th scope="row">{names[against] ?? against}</th>
                <td>{intervalOf(words, logLoss, signed(1, 100))}</td>
                <td>{intervalOf(words, auc, signed(3, 1))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <p class="legend">{words.model.gainsNote}</p>
    </>
  );
};

/** Whether the minutes that it names come true. */
const Coverage = ({
  quantiles,
  words,
}: {
  quantiles: NonNullable<ModelDocument['coverage']>;
  words: Words;
}) => (
  <section class="card">
    <table class="numbers">
      <caption>{words.model.coverage}</caption>
      <thead>
        <tr>
          <th scope="col">{words.model.promised}</th>
          <th scope="col">{words.model.covered}</th>
        </tr>
      </thead>
      <tbody>
        {quantiles.map((quantile) => (
          <tr key={quantile.level}>
            <th scope="row">{numberOf(words, quantile.level * 100)}</th>
            <td>{intervalOf(words, quantile, (share) => numberOf(words, share * 100, 1))}</td>
          </tr>
        ))}
      </tbody>
    </table>
    <p class="legend">{words.model.coverageNote}</p>
  </section>
);

const SIZE = 240;

const Reliability = ({ groups, words }: { groups: readonly Group[]; words: Words }) => {
  const highest = Math.max(...groups.flatMap(({ predicted, observed }) => [predicted, observed]));
  const top = Math.min(1, Math.ceil(highest * 10 + 0.5) / 10);
  const at = (share: number): number => (share / top) * SIZE;
  const label = groups
    .map(
      ({ predicted, observed }) => `${percentOf(words, predicted)} → ${percentOf(words, observed)}`,
    )
    .join(', ');
  return (
    <section class="card">
      <figure class="reliability">
        <figcaption>{words.model.reliability}</figcaption>
        <svg
          viewBox={`-60 -8 ${SIZE + 82} ${SIZE + 52}`}
          role="img"
          aria-label={`${words.model.predicted} → ${words.model.observed}: ${label}`}
        >
          {[0, 0.5, 1].map((share) => (
            <g key={share}>
              <line class="grid" x1="0" x2={SIZE} y1={SIZE * (1 - share)} y2={SIZE * (1 - share)} />
              <text x="-6" y={SIZE * (1 - share) + 4} text-anchor="end">
                {percentOf(words, share * top)}
              </text>
              <text x={SIZE * share} y={SIZE + 16} text-anchor="middle">
                {percentOf(words, share * top)}
              </text>
            </g>
          ))}
          <line class="ideal" x1="0" y1={SIZE} x2={SIZE} y2="0" />
          <polyline
            class="measured"
            points={groups
              .map(({ predicted, observed }) => `${at(predicted)},${SIZE - at(observed)}`)
              .join(' ')}
          />
          {groups.map(({ predicted, observed }) => (
            <circle key={predicted} cx={at(predicted)} cy={SIZE - at(observed)} r="4" />
          ))}
          <text x={SIZE / 2} y={SIZE + 36} text-anchor="middle">
            {words.model.predicted}
          </text>
          <text x={-SIZE / 2} y="-48" text-anchor="middle" transform="rotate(-90)">
            {words.model.observed}
          </text>
        </svg>
        <p class="legend">{words.model.reliabilityNote}</p>
      </figure>
    </section>
  );
};

const Drift = ({ model, words }: { model: ModelDocument; words: Words }) => {
  const known = model.drift.filter(({ psi }) => psi !== null && Number.isFinite(psi));
  return (
    <section class="card">
      {known.length === 0 ? (
        <>
          <h2>{words.model.drift}</h2>
          <p>{words.model.driftNone}</p>
        </>
      ) : (
        <Bars
          caption={words.model.drift}
          rows={known.map(({ input, psi, seen }) => ({
            label: labelOf(words, input),
            value: psi!,
            text: `${numberOf(words, psi!, 2)} (${numberOf(words, seen)} ${words.model.seen})`,
          }))}
        />
      )}
      <p class="legend">{words.model.driftNote}</p>
    </section>
  );
};
