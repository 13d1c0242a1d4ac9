/** @jsxImportSource preact */
/**
 * The form's fields with a script: comboboxes, dates and times as they are typed, and what is wrong beside each.
 */
import { FieldBox, FieldGroups, inputAttributes, MomentBox } from '../fields.tsx';
import { typedDate } from '../moment.ts';
import type { Choice, FieldView, Lang } from '../view.ts';
import { labelOf, momentOf, type Words } from '../words/words.ts';
import { Combobox } from './combobox.tsx';
import type { Entries, Entry } from './entries.ts';
import { fetchNames } from './names.ts';

interface FieldsProps {
  readonly fields: readonly FieldView[];
  readonly entries: Entries;
  readonly faults: Readonly<Record<string, string>>;
  readonly onEntry: (name: string, entry: Entry) => void;
  readonly lang: Lang;
  readonly words: Words;
}

export const Fields = (props: FieldsProps) => (
  <FieldGroups
    fields={props.fields}
    words={props.words}
    isUsed={({ name }) => !!props.entries[name]?.text || props.faults[name] !== undefined}
    draw={(field) => <Field key={field.name} field={field} {...props} />}
  />
);

const othersOf =
  (kind: 'airline' | 'airport', known: readonly Choice[]) =>
  async (): Promise<readonly Choice[]> => {
    const names = await fetchNames();
    const values = new Set(known.map(({ value }) => value));
    return names[kind].filter(({ value }) => !values.has(value));
  };
const none = async (): Promise<readonly Choice[]> => [];

const Field = ({
  field,
  entries,
  faults,
  onEntry,
  lang,
  words,
}: FieldsProps & { field: FieldView }) => {
  const { name, kind, required, choices } = field;
  const entry = entries[name] ?? { text: '', isLeft: false };
  const fault = faults[name];
  const enter = (next: Entry): void => onEntry(name, next);
  const leave = (): void => enter({ ...entry, isLeft: true });
  const frame = { field, words, fault };
  if (kind === 'time') {
    const [date = '', time = ''] = entry.text.split('T');
    return (
      <MomentBox
        {...frame}
        echo={entry.value === undefined ? '' : momentOf(words, entry.value)}
        date={{
          value: date,
          placeholder: typedDate('2013-07-05', lang),
          onInput: (event) => enter({ ...entry, text: `${event.currentTarget.value}T${time}` }),
          onBlur: leave,
        }}
        time={{
          value: time,
          placeholder: '18:30',
          onInput: (event) => enter({ ...entry, text: `${date}T${event.currentTarget.value}` }),
          onBlur: leave,
        }}
      />
    );
  }
  const isPlace = name === 'origin' || name === 'destination';
  const others =
    name === 'airline'
      ? othersOf('airline', choices)
      : isPlace
        ? othersOf('airport', choices)
        : none;
  return (
    <FieldBox {...frame}>
      {kind === 'choice' ? (
        <Combobox
          id={name}
          label={labelOf(words, name)}
          choices={choices}
          others={others}
          value={entry.text}
          onValue={(text) => enter({ text, isLeft: entry.isLeft })}
          required={required}
          invalid={fault !== undefined}
          describedBy={`${name}-fault`}
          words={words}
        />
      ) : (
        <input
          {...inputAttributes(field, fault)}
          id={name}
          value={entry.text}
          onInput={(event) => enter({ ...entry, text: event.currentTarget.value })}
          onBlur={leave}
        />
      )}
    </FieldBox>
  );
};
