/**
 * Sends the calls of the documents page to the service that it came from, and shows what comes back.
 */

/** What a form says its call is. */
const requestOf = (form: HTMLFormElement): readonly [string, RequestInit] => {
  const { method = 'GET', path = '/', type } = form.dataset;
  const query = new URLSearchParams();
  for (const input of form.querySelectorAll<HTMLInputElement | HTMLSelectElement>('[data-query]'))
    if (input.value !== '') query.set(input.name, input.value);
  const key = document.querySelector<HTMLInputElement>('#key')?.value ?? '';
  const body = form.querySelector('textarea')?.value;
  const headers = {
    accept: path === '/result' ? 'application/json' : '*/*',
    ...(type === undefined ? {} : { 'content-type': type }),
    ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
  };
  const target = query.size === 0 ? path : `${path}?${query}`;
  return [target, { method, headers, ...(body === undefined ? {} : { body }) }];
};

const SHOWN_CHARACTERS = 20_000;

const pretty = (text: string, type: string): string => {
  try {
    return type.includes('json') ? JSON.stringify(JSON.parse(text), null, 2) : text;
  } catch {
    return text;
  }
};

const send = async (form: HTMLFormElement): Promise<void> => {
  const status = form.querySelector('output')!;
  const shown = form.querySelector<HTMLElement>('.response')!;
  status.textContent = '…';
  const startMs = performance.now();
  try {
    const response = await fetch(...requestOf(form));
    const text = await response.text();
    const tookMs = Math.round(performance.now() - startMs);
    status.textContent = `${response.status} ${response.statusText}, ${tookMs} ms`;
    const body = pretty(text, response.headers.get('content-type') ?? '');
    shown.textContent =
      body.length > SHOWN_CHARACTERS ? `${body.slice(0, SHOWN_CHARACTERS)}\n…` : body;
  } catch {
    status.textContent = 'The service cannot be reached.';
    shown.textContent = '';
  }
  shown.hidden = false;
};

for (const form of document.querySelectorAll<HTMLFormElement>('form.try')) {
  form.hidden = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void send(form);
  });
}
for (const command of document.querySelectorAll('pre.command'))
  command.textContent = command.textContent.replaceAll('http://localhost:8080', location.origin);
