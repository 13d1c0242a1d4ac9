/** @jsxImportSource preact */
/**
 * The view that predicts: it asks while a flight is typed, and shows the answer beside the form.
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Outcome } from '../outcome.tsx';
import type { Flight, Prediction } from '../view.ts';
import { withLabels, wordsOf } from '../words/words.ts';
import { askOne, inputAt, type Refusal } from './ask.ts';
import { type Entries, type Entry, entryOf, readEntries, readMoment } from './entries.ts';
import { Fields } from './fields.tsx';
import { FileScoring } from './file-scoring.tsx';
import { flightIn, here } from './here.ts';
import { OtherTimes } from './other-times.tsx';
import type { PageData } from './read-page.ts';
import { Share } from './share.tsx';

const TYPING_MS = 180;
const RETRY_MS = 1500;

type Shown =
  | { readonly kind: 'empty' }
  /** What the service sent for the flight of the address, until the script has asked for itself. */
  | { readonly kind: 'sent'; readonly html: string }
  | { readonly kind: 'answered'; readonly flight: Flight; readonly prediction: Prediction }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'unreachable' };

/** Names and values of an address, or of the form as it was sent. */
const entriesOf = ({ fields, lang }: PageData, search?: string): Entries => {
  const query = flightIn(search ?? '');
  return Object.fromEntries(
    fields.map((field) => {
      const value = search === undefined ? field.value : (query.get(field.name) ?? '');
      return [field.name, entryOf(field, isoOf(value, field.kind), lang)];
    }),
  );
  /** The form's date stands as it was typed. */
  function isoOf(value: string, kind: string): string {
    return kind === 'time' ? (readMoment(value, lang) ?? value) : value;
  }
};

const addressOf = (flight: Flight, lang: string): string => {
  const query = new URLSearchParams({ lang });
  for (const [name, value] of Object.entries(flight)) query.set(name, String(value));
  return here(`/?${flightIn(String(query))}`);
};

export const PredictView = ({ page }: { page: PageData }) => {
  const { lang, fields, subject } = page;
  const words = wordsOf(lang);
  const [entries, setEntries] = useState<Entries>(() => entriesOf(page));
  const [shown, setShown] = useState<Shown>(
    page.answer === '' ? { kind: 'empty' } : { kind: 'sent', html: page.answer },
  );
  const [isBusy, setBusy] = useState(false);
  const [attempt, setAttempt] = useState(0);
  const form = useRef<HTMLFormElement>(null);
  const reading = useMemo(
    () => readEntries(fields, entries, lang, words),
    [fields, entries, lang, words],
  );
  const key = reading.isWhole ? JSON.stringify(reading.flight) : '';

  useEffect(() => {
    if (key === '') return;
    const abort = new AbortController();
    const { flight } = reading;
    const timer = setTimeout(async () => {
      setBusy(true);
      try {
        const asked = await askOne(flight, lang, abort.signal);
        setShown(asked.kind === 'answered' ? { ...asked, flight } : asked);
        if (asked.kind === 'answered')
          history.replaceState(null, '', addressOf(flight, lang) + location.hash);
        if (asked.kind === 'unreachable') setTimeout(() => setAttempt(attempt + 1), RETRY_MS);
        setBusy(false);
      } catch {
        // Another flight was asked for meanwhile.
      }
    }, TYPING_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [key, attempt]);

  const refusals = shown.kind === 'refused' ? shown.refusal.errors : [];
  const faults = {
    ...Object.fromEntries(
      refusals.map(({ pointer, detail }) => [
        inputAt(pointer),
        `${withLabels(words, fields, detail)}.`,
      ]),
    ),
    ...reading.faults,
  };
  const enter = (name: string, entry: Entry): void => {
    const isTime = fields.some((field) => field.name === name && field.kind === 'time');
    const value = isTime ? readMoment(entry.text, lang) : undefined;
    const { text, isLeft } = entry;
    setEntries((before) => ({
      ...before,
      [name]: { text, isLeft, ...(value === undefined ? {} : { value }) },
    }));
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    setEntries((before) =>
      Object.fromEntries(
        fields.map(({ name }) => [name, { ...(before[name] ?? { text: '' }), isLeft: true }]),
      ),
    );
    if (reading.isWhole) {
      setAttempt(attempt + 1);
      document.getElementById('answer')?.focus();
    } else
      requestAnimationFrame(() =>
        form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus(),
      );
  };
  const fill = (event: Event): void => {
    event.preventDefault();
    setEntries(entriesOf(page, page.example));
  };
  return (
    <div class="columns">
      <form class="card" ref={form} onSubmit={submit} noValidate>
        <Fields
          fields={fields}
          entries={entries}
          faults={faults}
          onEntry={enter}
          lang={lang}
          words={words}
        />
        <div class="buttons">
          <button type="submit">{words.form.ask}</button>
          <a class="quiet" href={page.example} onClick={fill}>
            {words.form.example}
          </a>
        </div>
      </form>
      <section id="answer" class="card answer" aria-busy={isBusy} tabIndex={-1}>
        <h2>{shown.kind === 'refused' ? words.answer.none : words.answer.title}</h2>
        <p class="unseen" role="status">
          {shown.kind === 'answered'
            ? words.answer.sentence(shown.prediction.probability, subject)
            : shown.kind === 'unreachable'
              ? words.answer.unreachable
              : ''}
        </p>
        {shown.kind === 'sent' && (
          <div class="sent" dangerouslySetInnerHTML={{ __html: shown.html }} />
        )}
        {shown.kind === 'empty' && <p class="empty">{words.answer.empty}</p>}
        {shown.kind === 'unreachable' && <p class="note">{words.answer.unreachable}</p>}
        {shown.kind === 'refused' && (
          <p class="note">{withLabels(words, fields, shown.refusal.detail)}.</p>
        )}
        {shown.kind === 'answered' && (
          <Outcome
            view={{ lang, fields, subject, flight: shown.flight, prediction: shown.prediction }}
          >
            <OtherTimes
              flight={shown.flight}
              probability={shown.prediction.probability}
              words={words}
            />
          </Outcome>
        )}
      </section>
      <div class="extras">
        <Share
          flight={shown.kind === 'answered' ? shown.flight : exampleOf(page)}
          address={addressOf(shown.kind === 'answered' ? shown.flight : exampleOf(page), lang)}
          words={words}
        />
        <FileScoring fields={fields} lang={lang} words={words} />
      </div>
    </div>
  );
};

const exampleOf = ({ fields, example }: PageData): Flight => {
  const query = flightIn(example);
  return Object.fromEntries(
    fields.flatMap(({ name, kind }) => {
      const value = query.get(name);
      return value === null ? [] : [[name, kind === 'number' ? Number(value) : value]];
    }),
  );
};
