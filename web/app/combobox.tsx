/** @jsxImportSource preact */
/**
 * A combobox over codes and names: list with manual selection.
 * Focus stays in the input; the list is told by `aria-activedescendant`.
 *
 * @source https://www.w3.org/WAI/ARIA/apg/patterns/combobox/
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Choice } from '../view.ts';
import type { Words } from '../words/words.ts';
import { type Found, findChoices, foldText } from './find-choices.ts';

interface ComboboxProps {
  readonly id: string;
  readonly label: string;
  readonly choices: readonly Choice[];
  /** Choices that the model does not know: fetched when nothing else is found. */
  readonly others: () => Promise<readonly Choice[]>;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly required: boolean;
  readonly invalid: boolean;
  readonly describedBy: string;
  readonly words: Words;
}

const textOf = ({ value, name }: Choice): string => (name ? `${value} · ${name}` : value);

export const Combobox = (props: ComboboxProps) => {
  const { id, label, choices, others, value, onValue, required, invalid, describedBy, words } =
    props;
  const [typed, setTyped] = useState<string | undefined>(undefined);
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const [foreign, setForeign] = useState<readonly Choice[]>([]);
  const list = useRef<HTMLDivElement>(null);

  const shownValue = useMemo(() => {
    const known = choices.find((choice) => choice.value === value);
    const other = foreign.find((choice) => choice.value === value);
    return known || other ? textOf((known ?? other)!) : value;
  }, [choices, foreign, value]);
  const found: readonly Found[] = useMemo(
    () => findChoices(typed ?? '', choices, foreign),
    [typed, choices, foreign],
  );
  const isUnknownText = typed !== undefined && typed.trim() !== '' && found.length === 0;
  useEffect(() => {
    if (isUnknownText && foreign.length === 0) void others().then(setForeign);
  }, [isUnknownText, foreign.length, others]);
  useEffect(() => {
    if (active >= 0) list.current?.children[active]?.scrollIntoView({ block: 'nearest' });
  }, [active]);

  const open = () => {
    setOpen(true);
    setActive(-1);
  };
  const close = () => {
    setOpen(false);
    setActive(-1);
  };
  const choose = (choice: Choice) => {
    setTyped(undefined);
    onValue(choice.value);
    close();
  };
  /** What stands in the field when it is left: a code, the only match, or a value that nobody knows. */
  const settle = () => {
    close();
    if (typed === undefined) return;
    const text = typed.trim();
    const exact = found.find((choice) => foldText(choice.value) === foldText(text));
    const chosen = exact ?? (text !== '' && found.length === 1 ? found[0] : undefined);
    setTyped(undefined);
    onValue(chosen?.value ?? text);
  };
  const onInput = (text: string) => {
    setTyped(text);
    open();
    const exact = choices.find((choice) => foldText(choice.value) === foldText(text.trim()));
    if (exact) onValue(exact.value);
    else if (text === '') onValue('');
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const last = found.length - 1;
    switch (event.key) {
      case 'ArrowDown':
      case 'ArrowUp':
        event.preventDefault();
        if (!isOpen) {
          setOpen(true);
          if (!event.altKey) setActive(event.key === 'ArrowDown' ? 0 : last);
        } else if (event.key === 'ArrowDown') setActive(active >= last ? 0 : active + 1);
        else setActive(active <= 0 ? last : active - 1);
        break;
      case 'Enter':
        if (isOpen && active >= 0 && found[active]) {
          event.preventDefault();
          choose(found[active]);
        } else settle();
        break;
      case 'Escape':
        if (isOpen) close();
        else {
          setTyped(undefined);
          onValue('');
        }
        event.preventDefault();
        break;
    }
  };
  const listId = `${id}-list`;
  return (
    <div class="combobox">
      <input
        id={id}
        role="combobox"
        aria-expanded={isOpen}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
        aria-required={required}
        aria-invalid={invalid || undefined}
        aria-describedby={describedBy}
        autocomplete="off"
        spellcheck={false}
        value={typed ?? shownValue}
        placeholder={words.form.search}
        onInput={(event) => onInput(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        onClick={open}
        onFocus={(event) => event.currentTarget.select()}
        onBlur={settle}
      />
      <div id={listId} ref={list} role="listbox" aria-label={label} hidden={!isOpen}>
        {found.map((choice, at) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the input, which keeps the focus
          // biome-ignore lint/a11y/useFocusableInteractive: the pattern keeps options out of the tab order
          <div
            key={choice.value}
            id={`${id}-${at}`}
            role="option"
            aria-selected={at === active}
            // The press would take the focus away before the click.
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => choose(choice)}
          >
            <b>{choice.value}</b> {choice.name}
            {choice.isForeign && <small> {words.form.notLearned}</small>}
          </div>
        ))}
        {found.length === 0 && <div class="none">{words.form.noMatch}</div>}
      </div>
      <span class="unseen" role="status">
        {isOpen && typed !== undefined ? words.form.matches(found.length) : ''}
      </span>
    </div>
  );
};
