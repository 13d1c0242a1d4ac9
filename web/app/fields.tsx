/** @jsxImportSource preact */
/**
 * The form's fields with a script: comboboxes, dates and times as they are typed, and what is wrong beside each.
 */
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

export const Fields = (props: FieldsProps) => {
  const { fields, entries, words } = props;
  const needed = fields.filter(({ required }) => required);
  const further = fields.filter(({ required }) => !required);
  const isOpen =
    needed.length === 0 ||
    further.some(({ name }) => entries[name]?.text || props.faults[name] !== undefined);
  return (
    <>
      <div class="fields">
        {needed.map((field) => (
          <Field key={field.name} field={field} {...props} />
        ))}
      </div>
      {further.length > 0 && (
        <details open={isOpen}>
          <summary>{words.form.more}</summary>
          <div class="fields">
            {further.map((field) => (
              <Field key={field.name} field={field} {...props} />
            ))}
          </div>
        </details>
      )}
    </>
  );
};

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
  const { name, kind, required, hint, choices } = field;
  const label = labelOf(words, name);
  const entry = entries[name] ?? { text: '', isLeft: false };
  const fault = faults[name];
  const faultId = `${name}-fault`;
  const leave = () => onEntry(name, { ...entry, isLeft: true });
  if (kind === 'time')
    return (
      <Moment
        {...{ field, label, entry, fault, lang, words }}
        onEntry={(next) => onEntry(name, next)}
      />
    );
  const isPlace = name === 'origin' || name === 'destination';
  const others =
    name === 'airline'
      ? othersOf('airline', choices)
      : isPlace
        ? othersOf('airport', choices)
        : none;
  return (
    <div class="field">
      <label for={name}>
        {label} <small>{hint}</small>
      </label>
      {kind === 'choice' ? (
        <Combobox
          id={name}
          label={label}
          choices={choices}
          others={others}
          value={entry.text}
          onValue={(text) => onEntry(name, { text, isLeft: entry.isLeft })}
          required={required}
          invalid={fault !== undefined}
          describedBy={faultId}
          words={words}
        />
      ) : (
        <input
          id={name}
          value={entry.text}
          autocomplete="off"
          aria-required={required}
          aria-invalid={fault === undefined ? undefined : true}
          aria-describedby={faultId}
          {...(kind === 'number' ? { inputMode: 'decimal' as const } : {})}
          onInput={(event) => onEntry(name, { ...entry, text: event.currentTarget.value })}
          onBlur={leave}
        />
      )}
      <p class="fault" id={faultId}>
        {fault}
      </p>
    </div>
  );
};

interface MomentProps {
  readonly field: FieldView;
  readonly label: string;
  readonly entry: Entry;
  readonly fault: string | undefined;
  readonly lang: Lang;
  readonly words: Words;
  readonly onEntry: (entry: Entry) => void;
}

/** Two fields that are typed, `date` and `time`, and what they were read as in words. */
const Moment = ({ field, label, entry, fault, lang, words, onEntry }: MomentProps) => {
  const { name, hint, required } = field;
  const [date = '', time = ''] = entry.text.split('T');
  const echoId = `${name}-echo`;
  const shared = {
    autocomplete: 'off',
    'aria-required': required,
    'aria-invalid': fault === undefined ? undefined : true,
    'aria-describedby': echoId,
  };
  const read = entry.value === undefined ? '' : momentOf(words, entry.value);
  return (
    <fieldset class="field wide">
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
            value={date}
            placeholder={typedDate('2013-07-05', lang)}
            onInput={(event) => onEntry({ ...entry, text: `${event.currentTarget.value}T${time}` })}
            onBlur={() => onEntry({ ...entry, isLeft: true })}
          />
        </div>
        <div>
          <label for={`${name}.time`}>
            {words.form.time} <small>{words.form.timeHint}</small>
          </label>
          <input
            {...shared}
            id={`${name}.time`}
            value={time}
            placeholder="18:30"
            onInput={(event) => onEntry({ ...entry, text: `${date}T${event.currentTarget.value}` })}
            onBlur={() => onEntry({ ...entry, isLeft: true })}
          />
        </div>
      </div>
      <p class="echo" id={echoId}>
        {fault === undefined ? read : <span class="fault">{fault}</span>}
      </p>
    </fieldset>
  );
};
