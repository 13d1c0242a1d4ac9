/** @jsxImportSource preact */
/**
 * The page: its three views, one of them shown, the address saying which.
 */
import { useEffect, useState } from 'preact/hooks';
import { Frame } from '../frame.tsx';
import type { Lang } from '../view.ts';
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
  const { lang, model } = page;
  const [view, setView] = useState(viewOfAddress);
  useEffect(() => {
    const onHash = () => {
      if (location.hash !== '#answer') setView(viewOfAddress());
    };
    addEventListener('hashchange', onHash);
    return () => removeEventListener('hashchange', onHash);
  }, []);
  return (
    <Frame
      lang={lang}
      model={model}
      views={VIEWS.map((name) => ({ name, href: `#${name}`, isShown: name === view }))}
      onLang={(other) => location.assign(inLanguage(other))}
    >
      {/* It is kept while another view is shown, so that nothing entered is lost. */}
      <div hidden={view !== 'predict'}>
        <PredictView page={page} />
      </div>
      {view === 'model' && <ModelView page={page} />}
      {view === 'service' && <ServiceView page={page} />}
    </Frame>
  );
};
