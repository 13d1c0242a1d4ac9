/** @jsxImportSource preact */
/**
 * What stands around every view of the page, with a script and without: its head with the views and the other language,
 * and its foot.
 */
import type { ComponentChildren } from 'preact';
import { ofModel } from './model-address.ts';
import type { Lang, PageView } from './view.ts';
import { wordsOf } from './words/words.ts';

interface ViewLink {
  readonly name: 'predict' | 'model' | 'service';
  readonly href: string;
  readonly isShown: boolean;
}

export const Frame = ({
  lang,
  model,
  views,
  onLang,
  children,
}: {
  lang: Lang;
  model: PageView['model'];
  views: readonly ViewLink[];
  /** Goes on in another language with what is shown; without it, the link begins anew. */
  onLang?: (lang: Lang) => void;
  children: ComponentChildren;
}) => {
  const words = wordsOf(lang);
  const other = lang === 'en' ? 'es' : 'en';
  return (
    <>
      <header>
        <div class="top">
          <nav aria-label="Puntual">
            {views.map(({ name, href, isShown }) => (
              <a key={name} href={href} aria-current={isShown ? 'page' : undefined}>
                {words.views[name]}
              </a>
            ))}
          </nav>
          <a
            class="lang"
            href={ofModel(`/?lang=${other}`, model.named)}
            lang={other}
            hreflang={other}
            onClick={
              onLang &&
              ((event) => {
                event.preventDefault();
                onLang(other);
              })
            }
          >
            {words.otherTitle}
          </a>
        </div>
        <h1>{words.title}</h1>
        <p>{words.tagline}</p>
      </header>
      {children}
      <footer>
        <p>
          {words.views.model} <strong>{model.name}</strong>, {words.model.version}{' '}
          <code>{model.version}</code>. {words.footer.stored}
        </p>
        <p>
          {words.footer.forPrograms}: <a href="/docs">{words.footer.docs}</a> ·{' '}
          <a href="/openapi.json">OpenAPI</a> · <a href="/postman.json">Postman</a> ·{' '}
          <a href={ofModel('/model', model.named)}>{words.footer.modelJson}</a>
        </p>
      </footer>
    </>
  );
};
