/** @jsxImportSource preact */
/**
 * The flight as a link, and as the same question from a shell, from JavaScript and from Python.
 */
import { useState } from 'preact/hooks';
import { here } from './here.ts';
import type { Flight } from '../view.ts';
import type { Words } from '../words/words.ts';

interface ShareProps {
  readonly flight: Flight;
  readonly address: string;
  readonly words: Words;
}

/** A question mark is a pattern to some shells. */
const inShell = (address: string): string => (address.includes('?') ? `'${address}'` : address);

const SNIPPETS: readonly { name: string; write: (address: string, json: string) => string }[] = [
  {
    name: 'curl',
    write: (address, json) =>
      `curl ${inShell(address)} -H 'content-type: application/json' \\\n  -d '${json.replaceAll("'", "'\\''")}'`,
  },
  {
    name: 'JavaScript',
    write: (address, json) =>
      `const response = await fetch('${address}', {\n  method: 'POST',\n  headers: { 'content-type': 'application/json' },\n  body: JSON.stringify(${json}),\n});\nconsole.log((await response.json()).probability);`,
  },
  {
    name: 'Python',
    write: (address, json) =>
      `import json, urllib.request\n\nflight = json.loads(${JSON.stringify(json)})\nrequest = urllib.request.Request(\n    "${address}",\n    json.dumps(flight).encode(),\n    {"content-type": "application/json"},\n)\nprint(json.load(urllib.request.urlopen(request))["probability"])`,
  },
];

export const Share = ({ flight, address, words }: ShareProps) => {
  const [copied, setCopied] = useState('');
  const copy = async (name: string, text: string): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(name);
      setTimeout(() => setCopied(''), 2000);
    } catch {
      // Not every page may write to the clipboard; the text can still be marked.
    }
  };
  const link = location.origin + address;
  const json = JSON.stringify(flight);
  return (
    <section class="card">
      <h2>{words.share.title}</h2>
      {SNIPPETS.map(({ name, write }, at) => {
        const text = write(location.origin + here('/predict'), json);
        return (
          <details key={name} open={at === 0}>
            <summary>{name}</summary>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
            <pre tabIndex={0}>{text}</pre>
            <button type="button" class="small" onClick={() => void copy(name, text)}>
              {copied === name ? words.share.copied : words.share.copy}
              <span class="unseen"> {name}</span>
            </button>
          </details>
        );
      })}
      <label for="link">{words.share.link}</label>
      <input id="link" readOnly value={link} onFocus={(event) => event.currentTarget.select()} />
    </section>
  );
};
