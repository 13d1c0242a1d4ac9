/** @jsxImportSource preact */
/**
 * A file that is dropped or chosen comes back scored.
 */
import { useState } from 'preact/hooks';
import type { FieldView, Lang } from '../view.ts';
import type { Words } from '../words/words.ts';
import { ADDED_COLUMNS, csvOf, MissingColumns, type ScoredFile, scoreFile } from './score-file.ts';

const PREVIEW_ROWS = 5;

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'working'; readonly done: number }
  | { readonly kind: 'failed'; readonly reason: string }
  | {
      readonly kind: 'done';
      readonly file: ScoredFile;
      readonly name: string;
      readonly href: string;
    };

export const FileScoring = ({
  fields,
  lang,
  words,
}: {
  fields: readonly FieldView[];
  lang: Lang;
  words: Words;
}) => {
  const [state, setState] = useState<State>({ kind: 'idle' });
  const [isOver, setOver] = useState(false);
  const take = async (given: File | undefined): Promise<void> => {
    if (given === undefined) return;
    if (state.kind === 'done') URL.revokeObjectURL(state.href);
    setState({ kind: 'working', done: 0 });
    try {
      const file = await scoreFile(await given.text(), {
        fields,
        lang,
        onProgress: (done) => setState({ kind: 'working', done }),
      });
      if (file.rows.length === 0) {
        setState({ kind: 'failed', reason: words.file.empty });
        return;
      }
      const href = URL.createObjectURL(new Blob([csvOf(file)], { type: 'text/csv' }));
      const name = `${given.name.replace(/\.[^.]*$/, '')}-scored.csv`;
      setState({ kind: 'done', file, name, href });
    } catch (error) {
      setState({ kind: 'failed', reason: reasonOf(error, words) });
    }
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is an extra; the button does the same
    <section
      class={`card drop${isOver ? ' over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void take(event.dataTransfer?.files[0]);
      }}
    >
      <h2>{words.file.title}</h2>
      <p>{words.file.invite}</p>
      <label class="pick">
        {words.file.pick}
        <input
          type="file"
          accept=".csv,.tsv,.txt,.ndjson,.jsonl,.json"
          onChange={(event) => void take(event.currentTarget.files?.[0])}
        />
      </label>
      <p role="status">
        {state.kind === 'working' && words.file.working(state.done)}
        {state.kind === 'done' &&
          words.file.done(state.file.rows.length - state.file.nFailed, state.file.nFailed)}
      </p>
      {state.kind === 'failed' && (
        <p class="note" role="alert">
          {state.reason}
        </p>
      )}
      {state.kind === 'done' && (
        <>
          <a class="button" href={state.href} download={state.name}>
            {words.file.download}
          </a>
          <Preview file={state.file} words={words} />
        </>
      )}
    </section>
  );
};

const reasonOf = (error: unknown, words: Words): string => {
  if (error instanceof MissingColumns) return words.file.missing(error.message);
  if (error instanceof SyntaxError) return `${words.file.line} ${error.message}: JSON?`;
  return words.answer.unreachable;
};

/** The columns that were added stand first: a wide file would push them out of sight. */
const Preview = ({ file, words }: { file: ScoredFile; words: Words }) => {
  const nGiven = file.header.length - ADDED_COLUMNS;
  const addedFirst = <T,>(cells: readonly T[]): readonly T[] => [
    ...cells.slice(nGiven),
    ...cells.slice(0, nGiven),
  ];
  const header = addedFirst(file.header);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="scroll" tabIndex={0} aria-label={words.file.title}>
      <table>
        <caption>{words.file.first(Math.min(PREVIEW_ROWS, file.rows.length))}</caption>
        <thead>
          <tr>
            {header.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {file.rows.slice(0, PREVIEW_ROWS).map((row, at) => (
            <tr key={at}>
              {addedFirst(row).map((cell, column) => (
                <td key={header[column]}>{String(cell)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
};
