/** @jsxImportSource preact */
/**
 * The page: its three views, one of them shown, the address saying which.
 */
import { useEffect, useState } from 'preact/hooks';
import type { Lang } from '../view.ts';
import { wordsOf } from '../words/words.ts';
import { ModelView } from './model-view.tsx';
import { PredictView } from './predict-view.tsx';
import type { PageData } from './read-page.ts';
import { ServiceView } from './service-view.tsx';

const VIEWS = ['predict', 'model', 'service'] as const;
type ViewName = (typeof VIEWS)[number];

const viewOfAddress = (): ViewName => {
  const name = location.hash.slice(1);
  return VIEWS.find((view) => view === name) ?? 'predict';
};

/** This address, flight and view included, in another language. */
const inLanguage = (lang: Lang): string => {
  const url = new URL(location.href);
  url.searchParams.set('lang', lang);
  return url.href;
};

export const App = ({ page }: { page: PageData }) => {
  const [view, setView] = useState(viewOfAddress);
  const words = wordsOf(page.lang);
  useEffect(() => {
    const onHash = () => {
      if (location.hash !== '#answer') setView(viewOfAddress());
    };
    addEventListener('hashchange', onHash);
    return () => removeEventListener('hashchange', onHash);
  }, []);
  const other = page.lang === 'en' ? 'es' : 'en';
  return (
    <>
      <header>
        <div class="top">
          <nav aria-label="Puntual">
            {VIEWS.map((name) => (
              <a key={name} href={`#${name}`} aria-current={name === view ? 'page' : undefined}>
                {words.views[name]}
              </a>
            ))}
          </nav>
          <a
            class="lang"
            href={`/?lang=${other}`}
            lang={other}
            hreflang={other}
            onClick={(event) => {
              event.preventDefault();
              location.assign(inLanguage(other));
            }}
          >
            {words.otherTitle}
          </a>
        </div>
        <h1>{words.title}</h1>
        <p>{words.tagline}</p>
      </header>
      {/* It is kept while another view is shown, so that nothing entered is lost. */}
      <div hidden={view !== 'predict'}>
        <PredictView page={page} />
      </div>
      {view === 'model' && <ModelView page={page} />}
      {view === 'service' && <ServiceView page={page} />}
      <footer>
        <p>
          {words.views.model} <strong>{page.model.name}</strong>, {words.model.version}{' '}
          <code>{page.model.version}</code>. {words.footer.stored}
        </p>
        <p>
          {words.footer.forPrograms}: <a href="/docs">{words.footer.docs}</a> ·{' '}
          <a href="/openapi.json">OpenAPI</a> · <a href="/postman.json">Postman</a> ·{' '}
          <a href="/model">{words.footer.modelJson}</a>
        </p>
      </footer>
    </>
  );
};
