/** @jsxImportSource preact */
/**
 * The page that the service shows: a form made from the model's inputs, and the answer beside it.
 * It is drawn by the service and works without scripts; `live.js` only saves the reload.
 */
import { renderToString } from 'preact-render-to-string';
import style from './page.css' with { type: 'text' };
import script from './live.js' with { type: 'text' };
import { nameOf } from './names.ts';
import type { AnswerView, FieldView, PageView } from './view.ts';

export const PAGE_STYLE = style;
export const PAGE_SCRIPT = script;

/** The whole document. */
export const renderPage = (view: PageView): string => {
  const title = 'Will the flight be late?';
  const body = renderToString(<Body view={view} />);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title} · Puntual</title><link rel="icon" href="data:,"><style>${style}</style></head><body>${body}<script>${script}</script></body></html>\n`;
};

const Body = ({ view }: { view: PageView }) => (
  <main class={view.answer || view.problem ? 'filled' : ''}>
    <header>
      <h1>Will the flight be late?</h1>
      <p>What the schedule alone says, before departure.</p>
    </header>
    <div class="columns">
      <form class="card" method="post" action="/result">
        <div class="fields">
          {view.fields.map((field, i) => (
            <Field key={field.name} field={field} isWide={isWide(view.fields, i)} />
          ))}
        </div>
        <button type="submit">Ask</button>
      </form>
      <Outcome view={view} />
    </div>
    <footer>
      <p>
        Model <strong>{view.model.name}</strong>, version <code>{view.model.version}</code>.
      </p>
      {view.model.facts.map((fact) => (
        <p key={fact}>{fact}</p>
      ))}
      <p>
        For programs: <a href="/docs">the interface</a> · <a href="/openapi.json">OpenAPI</a> ·{' '}
        <a href="/postman.json">Postman</a> · <a href="/model">the model as JSON</a>
      </p>
    </footer>
  </main>
);

/** A time takes the whole row, and so does the field that would stand alone in one. */
const isWide = (fields: readonly FieldView[], at: number): boolean => {
  if (fields[at]!.kind === 'time') return true;
  let before = 0;
  while (before < at && fields[at - 1 - before]!.kind !== 'time') before++;
  const next = fields[at + 1];
  return before % 2 === 0 && (next === undefined || next.kind === 'time');
};

const Field = ({ field, isWide }: { field: FieldView; isWide: boolean }) => {
  const shared = {
    id: field.name,
    name: field.name,
    required: field.required,
    ...(field.fault ? { 'aria-invalid': true } : {}),
  };
  return (
    <div class={isWide ? 'wide' : undefined}>
      <label for={field.name}>
        {field.label} {field.hint && <small>{field.hint}</small>}
      </label>
      {field.kind === 'choice' ? (
        <select {...shared} value={field.value}>
          {!field.required && <option value="">not known</option>}
          {field.required && !field.value && (
            <option value="" disabled selected>
              choose
            </option>
          )}
          {field.choices.map((choice) => (
            <option key={choice} value={choice} selected={choice === field.value}>
              {nameOf(field.name, choice)}
            </option>
          ))}
        </select>
      ) : (
        <input
          {...shared}
          type={field.kind === 'time' ? 'datetime-local' : field.kind}
          {...(field.kind === 'number' ? { step: 'any' } : {})}
          value={field.value}
          list={field.choices.length > 0 ? `${field.name}-known` : undefined}
          autocomplete="off"
        />
      )}
      {field.choices.length > 0 && field.kind !== 'choice' && (
        <datalist id={`${field.name}-known`}>
          {field.choices.map((choice) => (
            <option key={choice} value={choice} />
          ))}
        </datalist>
      )}
      {field.fault && (
        <p class="fault" data-field={field.name}>
          {field.fault}
        </p>
      )}
    </div>
  );
};

const Outcome = ({ view }: { view: PageView }) => {
  const { answer, problem } = view;
  if (answer) return <Answer answer={answer} />;
  if (problem)
    return (
      <section id="answer" class="card answer failed" aria-live="polite">
        <h2>No answer</h2>
        <p class="sentence">{problem}</p>
      </section>
    );
  return (
    <section id="answer" class="card answer empty" aria-live="polite">
      <h2>The answer</h2>
      <p>Fill in what you know of the flight and ask. Nothing that you enter is stored.</p>
    </section>
  );
};

const percent = (share: number): string =>
  share > 0 && share < 0.01 ? 'under 1 %' : `${Math.round(share * 100)} %`;

const Answer = ({ answer }: { answer: AnswerView }) => (
  <section
    id="answer"
    class={`card answer ${answer.delayed ? 'delayed' : 'on-time'}`}
    aria-live="polite"
  >
    <h2>Chance of being at least {answer.minutes} minutes late</h2>
    <p class="chance">{percent(answer.probability)}</p>
    <div class="bar" aria-hidden="true">
      <i style={{ width: `${answer.probability * 100}%` }} />
      <b style={{ left: `${answer.threshold * 100}%` }} />
    </div>
    <p class="legend">From {percent(answer.threshold)} on (the mark) a flight is called delayed.</p>
    <p class="sentence">{answer.sentence}</p>
    {answer.unknown.length > 0 && (
      <p class="note">
        The model has never seen this {answer.unknown.join(' and ')}; it answered as if it were not
        known.
      </p>
    )}
    {(answer.chances.length > 0 || answer.delays.length > 0) && (
      <table>
        <caption>How late</caption>
        <tbody>
          {answer.chances.map(({ label, probability }) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>{percent(probability)}</td>
            </tr>
          ))}
          {answer.delays.map(({ label, minutes }) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>{minutes > 0 ? `${Math.round(minutes)} min` : 'not late'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    )}
    {answer.reasons.length > 0 && (
      <table>
        <caption>Why</caption>
        <tbody>
          <tr>
            <th scope="row">Any flight, nothing known</th>
            <td>{percent(answer.base)}</td>
          </tr>
          {answer.reasons.map(({ label, points }) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>
                {points < 0 ? '−' : '+'}
                {Math.abs(points).toFixed(1)} points
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    )}
  </section>
);
