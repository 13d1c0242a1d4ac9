/** @jsxImportSource preact */
/**
 * How fields stand in the form, with a script and without: the needed ones first, each with its label, its hint and what
 * is wrong with it.
 */
import type { ComponentChildren } from 'preact';
import type { FieldView } from './view.ts';
import { labelOf, type Words } from './words/words.ts';

interface InputAttributes {
  readonly autocomplete: 'off';
  readonly 'aria-required': boolean;
  readonly 'aria-invalid': true | undefined;
  readonly 'aria-describedby': string;
  readonly inputMode?: 'decimal';
}

/** One of the two inputs of a time. */
interface MomentInput {
  readonly value: string;
  readonly required?: boolean;
  readonly placeholder?: string;
  readonly onInput?: (event: { readonly currentTarget: HTMLInputElement }) => void;
  readonly onBlur?: () => void;
}

/** The needed fields, then the others, which are folded away while nothing is in them. */
export const FieldGroups = ({
  fields,
  words,
  isUsed,
  draw,
}: {
  fields: readonly FieldView[];
  words: Words;
  /** Whether something is in a field, or wrong with it. */
  isUsed: (field: FieldView) => boolean;
  draw: (field: FieldView) => ComponentChildren;
}) => {
  const needed = fields.filter(({ required }) => required);
  const further = fields.filter(({ required }) => !required);
  return (
    <>
      <div class="fields">{needed.map(draw)}</div>
      {further.length > 0 && (
        <details open={needed.length === 0 || further.some(isUsed)}>
          <summary>{words.form.more}</summary>
          <div class="fields">{further.map(draw)}</div>
        </details>
      )}
    </>
  );
};

interface FieldFrame {
  readonly field: FieldView;
  readonly words: Words;
  readonly fault: string | undefined;
  /** What the script reads the form by. */
  readonly facts?: Readonly<Record<`data-${string}`, string>>;
}

/** What every input of a field has. */
export const inputAttributes = (
  { name, kind, required }: FieldView,
  fault: string | undefined,
): InputAttributes => ({
  autocomplete: 'off',
  'aria-required': required,
  'aria-invalid': fault ? true : undefined,
  'aria-describedby': `${name}-fault`,
  ...(kind === 'number' ? { inputMode: 'decimal' } : {}),
});

/** A field of one input, which is its child. */
export const FieldBox = ({
  field: { name, hint },
  words,
  fault,
  facts,
  children,
}: FieldFrame & { children: ComponentChildren }) => (
  <div class="field" {...facts}>
    <label for={name}>
      {labelOf(words, name)} <small>{hint}</small>
    </label>
    {children}
    <p class="fault" id={`${name}-fault`}>
      {fault}
    </p>
  </div>
);

/** A time: date and time as two inputs, and below them what is wrong, or what they were read as. */
export const MomentBox = ({
  field,
  words,
  fault,
  facts,
  echo,
  date,
  time,
}: FieldFrame & { echo: string; date: MomentInput; time: MomentInput }) => {
  const { name, hint } = field;
  const shared = inputAttributes(field, fault);
  return (
    <fieldset class="field wide" {...facts}>
      <legend>
        {labelOf(words, name)} <small>{hint}</small>
      </legend>
      <div class="moment">
        <div>
          <label for={`${name}.date`}>
            {words.form.date} <small>{words.form.dateHint}</small>
          </label>
          <input {...shared} {...date} id={`${name}.date`} name={`${name}.date`} />
        </div>
        <div>
          <label for={`${name}.time`}>
            {words.form.time} <small>{words.form.timeHint}</small>
          </label>
          <input {...shared} {...time} id={`${name}.time`} name={`${name}.time`} />
        </div>
      </div>
      <p class="echo" id={`${name}-fault`}>
        {fault ? <span class="fault">{fault}</span> : echo}
      </p>
    </fieldset>
  );
};
