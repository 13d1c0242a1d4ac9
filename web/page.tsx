/** @jsxImportSource preact */
/**
 * The page as the service sends it: a form made from the model's inputs and, where a flight was asked, its answer.
 * It works without scripts; `app/` reads the form and goes on from there.
 */
import { renderToString } from 'preact-render-to-string';
import { FieldBox, FieldGroups, inputAttributes, MomentBox } from './fields.tsx';
import { Frame } from './frame.tsx';
import { MODEL_PARAMETER, ofModel } from './model-address.ts';
import { typedDate } from './moment.ts';
import { Outcome } from './outcome.tsx';
import style from './page.css' with { type: 'text' };
import type { FieldView, Lang, PageView } from './view.ts';
import { type Words, wordsOf } from './words/words.ts';

/** What stands between the tags of the style, to the byte: the content security policy names its hash. */
export const inlineStyle: string = style;

/** The whole document, its style within: the first paint waits for nothing else. */
export const renderPage = (view: PageView): string => {
  const words = wordsOf(view.lang);
  const alternates = (['en', 'es'] as const)
    .map(
      (lang) =>
        `<link rel="alternate" hreflang="${lang}" href="${ofModel(`/?lang=${lang}`, view.model.named).replaceAll('&', '&amp;')}">`,
    )
    .join('');
  const body = renderToString(<Body view={view} words={words} />);
  return `<!doctype html><html lang="${view.lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${words.title} · Puntual</title><link rel="icon" href="/assets/icon.svg"><style>${inlineStyle}</style>${alternates}<script src="/assets/page.js" type="module"></script></head><body>${body}</body></html>\n`;
};

const Body = ({ view, words }: { view: PageView; words: Words }) => {
  const { lang, asked, problem, subject } = view;
  return (
    <>
      <a class="skip" href="#answer">
        {words.skip}
      </a>
      <main
        id="app"
        data-model={view.model.named || undefined}
        data-target={subject.target}
        data-minutes={subject.minutes}
        data-outcome={subject.outcome}
        data-from={subject.learnedFrom}
        data-to={subject.learnedTo}
      >
        <Frame
          lang={lang}
          model={view.model}
          views={[
            { name: 'predict', href: ofModel('/', view.model.named), isShown: true },
            { name: 'model', href: ofModel('/model', view.model.named), isShown: false },
          ]}
        >
          <div class="columns">
            <form
              class="card"
              method="post"
              action={ofModel(`/result?lang=${lang}`, view.model.named)}
              novalidate
            >
              <FieldGroups
                fields={view.fields}
                words={words}
                isUsed={({ value, fault }) => (value || fault) !== ''}
                draw={(field) => <Field key={field.name} field={field} lang={lang} words={words} />}
              />
              <div class="buttons">
                <button type="submit">{words.form.ask}</button>
                <a class="quiet" href={ofModel(`/?${exampleQuery(view)}`, view.model.named)}>
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
        </Frame>
      </main>
    </>
  );
};

const exampleQuery = ({ example, lang, model }: PageView): string => {
  const query = new URLSearchParams({ lang });
  for (const [name, value] of Object.entries(example)) query.set(name, String(value));
  if (model.named !== '') query.delete(MODEL_PARAMETER);
  return String(query);
};

const Field = ({ field, lang, words }: { field: FieldView; lang: Lang; words: Words }) => {
  const { name, kind, required, hint, unit, value, fault } = field;
  const facts = { 'data-name': name, 'data-kind': kind, 'data-hint': hint, 'data-unit': unit };
  const frame = { field, words, fault, facts };
  if (kind === 'time') {
    const [date = '', time = ''] = value.split(/[T ]/);
    return (
      <MomentBox
        {...frame}
        echo=""
        date={{ required, value: date.length === 10 ? typedDate(date, lang) : date }}
        time={{ required, value: time.slice(0, 5) }}
      />
    );
  }
  const shared = inputAttributes(field, fault);
  return (
    <FieldBox {...frame}>
      {kind === 'choice' ? (
        <select
          id={name}
          name={name}
          required={required}
          autocomplete="off"
          aria-invalid={shared['aria-invalid']}
          aria-describedby={shared['aria-describedby']}
        >
          <option value="" selected={value === ''}>
            {required ? words.form.choose : words.form.unknown}
          </option>
          {field.choices.map(({ value: code, name: title }) => (
            <option key={code} value={code} selected={code === value}>
              {title ? `${code} · ${title}` : code}
            </option>
          ))}
        </select>
      ) : (
        <input {...shared} id={name} name={name} required={required} value={value} />
      )}
    </FieldBox>
  );
};
