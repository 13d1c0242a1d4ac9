/**
 * Reads the form that the service sent: its fields, what can be chosen, what was entered.
 */
import type { FieldView, Lang, PageView, Subject } from '../view.ts';

export interface PageData {
  readonly lang: Lang;
  readonly fields: readonly FieldView[];
  readonly subject: Subject;
  /** The address of the page with the example filled in. */
  readonly example: string;
  readonly model: PageView['model'];
  /** The answer to the flight of the address as the service drew it, without its heading; empty when none was asked for. */
  readonly answer: string;
}

export const readPage = (root: HTMLElement): PageData => {
  const { model, target, minutes, outcome, from, to } = root.dataset;
  return {
    lang: document.documentElement.lang === 'es' ? 'es' : 'en',
    fields: [...root.querySelectorAll<HTMLElement>('.field')].map(fieldOf),
    subject: {
      target: target as Subject['target'],
      minutes: Number(minutes),
      outcome: outcome ?? '',
      learnedFrom: from ?? '',
      learnedTo: to ?? '',
    },
    example: root.querySelector<HTMLAnchorElement>('a.quiet')!.search,
    model: {
      name: root.querySelector('footer strong')!.textContent,
      version: root.querySelector('footer code')!.textContent,
      named: model ?? '',
    },
    answer: answerOf(root.querySelector('#answer')!),
  };
};

const answerOf = (section: Element): string =>
  section.querySelector('.chance')
    ? [...section.children]
        .slice(1)
        .map((element) => element.outerHTML)
        .join('')
    : '';

const fieldOf = (element: HTMLElement): FieldView => {
  const { name = '', kind, hint = '', unit = '' } = element.dataset;
  const inputs = [
    ...element.querySelectorAll<HTMLInputElement | HTMLSelectElement>('input, select'),
  ];
  return {
    name,
    kind: kind as FieldView['kind'],
    required: inputs[0]!.required,
    hint,
    unit,
    choices: [...element.querySelectorAll('option')]
      .filter(({ value }) => value !== '')
      .map(({ value, text }) => ({ value, name: text.slice(value.length).replace(/^ · /, '') })),
    value: inputs
      .map(({ value }) => value)
      .join('T')
      .replace(/^T$/, ''),
    fault: '',
  };
};
