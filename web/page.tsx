/** @jsxImportSource preact */
/**
 * The page as the service sends it: a form made from the model's inputs and, where a flight was asked, its answer.
 * It works without scripts; `app/` reads the form and goes on from there.
 */
import { renderToString } from 'preact-render-to-string';
import { Outcome } from './outcome.tsx';
import { typedDate } from './moment.ts';
import type { FieldView, PageView } from './view.ts';
import { labelOf, type Words, wordsOf } from './words/words.ts';

/** The whole document. */
export const renderPage = (view: PageView): string => {
  const words = wordsOf(view.lang);
  const alternates = (['en', 'es'] as const)
    .map((lang) => `<link rel="alternate" hreflang="${lang}" href="/?lang=${lang}">`)
    .join('');
  const body = renderToString(<Body view={view} words={words} />);
  return `<!doctype html><html lang="${view.lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${words.title} · Puntual</title><link rel="icon" href="/assets/icon.svg"><link rel="stylesheet" href="/assets/page.css">${alternates}<script src="/assets/page.js" type="module"></script></head><body>${body}</body></html>\n`;
};

const Body = ({ view, words }: { view: PageView; words: Words }) => {
  const { lang, asked, problem, subject } = view;
  const other = lang === 'en' ? 'es' : 'en';
  return (
    <>
      <a class="skip" href="#answer">
        {words.skip}
      </a>
      <main
        id="app"
        data-target={subject.target}
        data-minutes={subject.minutes}
        data-outcome={subject.outcome}
        data-from={subject.learnedFrom}
        data-to={subject.learnedTo}
      >
        <header>
          <div class="top">
            <nav aria-label="Puntual">
              <a href="/" aria-current="page">
                {words.views.predict}
              </a>
              <a href="/model">{words.views.model}</a>
            </nav>
            <a class="lang" href={`/?lang=${other}`} lang={other} hreflang={other}>
              {words.otherTitle}
            </a>
          </div>
          <h1>{words.title}</h1>
          <p>{words.tagline}</p>
        </header>
        <div class="columns">
          <form class="card" method="post" action={`/result?lang=${lang}`} novalidate>
            <Fields view={view} words={words} />
            <div class="buttons">
              <button type="submit">{words.form.ask}</button>
              <a class="quiet" href={`/?${exampleQuery(view)}`}>
                {words.form.example}
              </a>
            </div>
          </form>
          <section id="answer" class="card answer" aria-live="polite" tabIndex={-1}>
            <h2>{problem ? words.answer.none : words.answer.title}</h2>
            {asked ? (
              <Outcome view={{ ...view, ...asked }} />
            ) : (
              <p class="empty">{problem || words.answer.empty}</p>
            )}
          </section>
        </div>
        <footer>
          <p>
            {words.views.model} <strong>{view.model.name}</strong>, {words.model.version}{' '}
            <code>{view.model.version}</code>. {words.footer.stored}
          </p>
          <p>
            {words.footer.forPrograms}: <a href="/docs">{words.footer.docs}</a> ·{' '}
            <a href="/openapi.json">OpenAPI</a> · <a href="/postman.json">Postman</a> ·{' '}
            <a href="/model">{words.footer.modelJson}</a>
          </p>
        </footer>
      </main>
    </>
  );
};

const exampleQuery = ({ example, lang }: PageView): string =>
  String(
    new URLSearchParams({
      lang,
      ...Object.fromEntries(Object.entries(example).map(([name, value]) => [name, String(value)])),
    }),
  );

const Fields = ({ view, words }: { view: PageView; words: Words }) => {
  const needed = view.fields.filter(({ required }) => required);
  const further = view.fields.filter(({ required }) => !required);
  const isOpen = needed.length === 0 || further.some(({ value, fault }) => value || fault);
  const draw = (field: FieldView) => (
    <Field key={field.name} field={field} view={view} words={words} />
  );
  return (
    <>
      <div class="fields">{needed.map(draw)}</div>
      {further.length > 0 && (
        <details open={isOpen}>
          <summary>{words.form.more}</summary>
          <div class="fields">{further.map(draw)}</div>
        </details>
      )}
    </>
  );
};

const Field = ({ field, view, words }: { field: FieldView; view: PageView; words: Words }) => {
  const { name, kind, required, hint, unit, value, fault } = field;
  const label = labelOf(words, name);
  const shared = { required, 'aria-invalid': fault ? true : undefined, autocomplete: 'off' };
  const facts = { 'data-name': name, 'data-kind': kind, 'data-hint': hint, 'data-unit': unit };
  if (kind === 'time') {
    const [date = '', time = ''] = value.split(/[T ]/);
    return (
      <fieldset class="field wide" {...facts}>
        <legend>
          {label} <small>{hint}</small>
        </legend>
        <div class="moment">
          <div>
            <label for={`${name}.date`}>
              {words.form.date} <small>{words.form.dateHint}</small>
            </label>
            <input
              {...shared}
              id={`${name}.date`}
              name={`${name}.date`}
              value={date.length === 10 ? typedDate(date, view.lang) : date}
            />
          </div>
          <div>
            <label for={`${name}.time`}>
              {words.form.time} <small>{words.form.timeHint}</small>
            </label>
            <input {...shared} id={`${name}.time`} name={`${name}.time`} value={time.slice(0, 5)} />
          </div>
        </div>
        <p class="echo">{fault && <span class="fault">{fault}</span>}</p>
      </fieldset>
    );
  }
  return (
    <div class="field" {...facts}>
      <label for={name}>
        {label} <small>{hint}</small>
      </label>
      {kind === 'choice' ? (
        <select {...shared} id={name} name={name}>
          <option value="" selected={value === ''}>
            {required ? words.form.choose : words.form.unknown}
          </option>
          {field.choices.map(({ value: code, name: title }) => (
            <option
              key={code}
              value={code}
              selected={code === value}
              data-title={title || undefined}
            >
              {title ? `${code} · ${title}` : code}
            </option>
          ))}
        </select>
      ) : (
        <input
          {...shared}
          id={name}
          name={name}
          value={value}
          {...(kind === 'number' ? { inputmode: 'decimal' } : {})}
        />
      )}
      {fault && <p class="fault">{fault}</p>}
    </div>
  );
};
