/** @jsxImportSource preact */
/**
 * The interface for people: every path with its inputs, an example to paste, and the table of errors.
 * Drawn from the OpenAPI document; nothing is loaded from elsewhere.
 */
import { renderToString } from 'preact-render-to-string';

export interface DocsView {
  readonly needsKey: boolean;
  readonly title: string;
  readonly about: string;
  readonly groups: readonly {
    readonly name: string;
    readonly operations: readonly OperationView[];
  }[];
  readonly inputs: readonly {
    readonly name: string;
    readonly type: string;
    readonly required: boolean;
    readonly description: string;
    readonly known: string;
  }[];
  readonly errors: readonly {
    readonly code: string;
    readonly title: string;
    readonly status: number;
  }[];
}

export interface OperationView {
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly description: string;
    /** What the call is tried with; empty: it is left out. */
    readonly value: string;
    /** What it may be, where that is little. */
    readonly choices: readonly string[];
  }[];
  /** Media type and content of the body that the call is tried with. */
  readonly body: { readonly type: string; readonly text: string } | undefined;
  /** A line for a shell. */
  readonly command: string;
  readonly statuses: readonly { readonly status: string; readonly description: string }[];
}

export const renderDocs = (view: DocsView): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${view.title} · the interface</title><link rel="icon" href="/assets/icon.svg"><link rel="stylesheet" href="/assets/page.css"><link rel="stylesheet" href="/assets/docs.css"><script src="/assets/docs.js" type="module"></script></head><body>${renderToString(<Docs view={view} />)}</body></html>\n`;

const Docs = ({ view }: { view: DocsView }) => (
  <main class="docs">
    <header>
      <h1>{view.title}: the interface</h1>
      <p>
        {view.about} <a href="/">The page</a> · <a href="/openapi.json">OpenAPI</a> ·{' '}
        <a href="/postman.json">Postman</a> · <a href="/model">the model</a>
      </p>
    </header>
    <section class="card">
      <h2>A flight</h2>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>input</th>
              <th>type</th>
              <th>what it is</th>
            </tr>
          </thead>
          <tbody>
            {view.inputs.map((input) => (
              <tr key={input.name}>
                <td>
                  <code>{input.name}</code>
                  {input.required && <b title="required"> *</b>}
                </td>
                <td>{input.type}</td>
                <td>
                  {input.description} {input.known && <small>{input.known}</small>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="legend">* required</p>
    </section>
    {view.needsKey && (
      <section class="card">
        <label for="key">Key or token, for the calls below</label>
        <input id="key" type="password" autocomplete="off" />
      </section>
    )}
    {view.groups.map((group) => (
      <section key={group.name}>
        <h2>{group.name}</h2>
        {group.operations.map((operation) => (
          <Path key={operation.method + operation.path} operation={operation} />
        ))}
      </section>
    ))}
    <section class="card">
      <h2>Errors</h2>
      <p>
        Every failure is a problem document (RFC 9457): <code>type</code>, <code>title</code>,{' '}
        <code>status</code>, <code>detail</code>, <code>code</code>, and <code>errors</code> with a
        JSON pointer to each fault.
      </p>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>status</th>
              <th>code</th>
              <th>meaning</th>
            </tr>
          </thead>
          <tbody>
            {view.errors.map((error) => (
              <tr key={error.code} id={error.code}>
                <td>{error.status}</td>
                <td>
                  <code>{error.code}</code>
                </td>
                <td>{error.title}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  </main>
);

const Path = ({ operation }: { operation: OperationView }) => (
  <details class="card path">
    <summary>
      <b class={operation.method.toLowerCase()}>{operation.method}</b> <code>{operation.path}</code>{' '}
      <span>{operation.summary}</span>
    </summary>
    {operation.description && <p>{operation.description}</p>}
    {operation.parameters.length > 0 && (
      <ul>
        {operation.parameters.map(({ name, description }) => (
          <li key={name}>
            <code>{name}</code> {description}
          </li>
        ))}
      </ul>
    )}
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
    <pre class="command" tabIndex={0}>
      {operation.command}
    </pre>
    <TryIt operation={operation} />
    <ul class="statuses">
      {operation.statuses.map(({ status, description }) => (
        <li key={status}>
          <b>{status}</b> {description}
        </li>
      ))}
    </ul>
  </details>
);

/** The call with values that work; shown where a script can send it. */
const TryIt = ({ operation }: { operation: OperationView }) => {
  const { method, path, parameters, body } = operation;
  const idOf = (name: string): string => `${method}${path}${name}`.replace(/[^\w]+/g, '-');
  return (
    <form
      class="try"
      hidden
      data-method={method}
      data-path={path}
      {...(body === undefined ? {} : { 'data-type': body.type })}
    >
      {parameters.length > 0 && (
        <div class="fields">
          {parameters.map(({ name, value, choices }) => (
            <div key={name}>
              <label for={idOf(name)}>{name}</label>
              {choices.length > 0 ? (
                <select id={idOf(name)} name={name} data-query>
                  {choices.map((choice) => (
                    <option key={choice} value={choice}>
                      {choice}
                    </option>
                  ))}
                </select>
              ) : (
                <input id={idOf(name)} name={name} value={value} data-query autocomplete="off" />
              )}
            </div>
          ))}
        </div>
      )}
      {body !== undefined && (
        <>
          <label for={idOf('body')}>Body, {body.type}</label>
          <textarea id={idOf('body')} rows={6} spellcheck={false}>
            {body.text}
          </textarea>
        </>
      )}
      <div class="buttons">
        <button type="submit">Send</button>
        <output />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre class="response" hidden tabIndex={0} />
    </form>
  );
};
