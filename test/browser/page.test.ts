/**
 * The page as a person meets it, in a real browser: by keyboard, with scripts and without, in the light and in the dark,
 * on a phone, in English and Spanish; what axe-core finds wrong with it is nothing.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { source as AXE } from 'axe-core';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { buildPage } from '../../src/report/page.ts';
import { buildPlantedModel, PLANTED_FLIGHT } from '../planted.ts';
import { buildPlantedContext, startPlantedService } from '../planted-service.ts';
import { findBrowser } from './chromium.ts';

const program = await findBrowser();
const reportsDir = mkdtempSync(join(tmpdir(), 'puntual-page-'));
let nTold = 0;
/** What the supervisor would tell, once for each time that it is asked: a worker is replaced, a model loaded. */
const serviceFeed = {
  next: async () => {
    nTold++;
    return JSON.stringify({
      atMs: 1_780_000_000_000 + nTold * 1000,
      ready: true,
      draining: false,
      model: 'v1',
      workers: [{ id: 1, pid: 4711, state: 'ready', restarts: 1, rssMb: 80, inFlight: 2 }],
      requests: nTold * 500,
      serverErrors: 0,
      restarts: Math.floor(nTold / 3),
      reloads: Math.floor(nTold / 4),
      boundsMs: [1, 5],
      latency: [nTold * 490, nTold * 10, 0],
    });
  },
};
const named = [buildPlantedContext({ model: buildPlantedModel({ seed: 2, name: 'other' }) })];
const contextWithFeed = buildPlantedContext({ serviceFeed, named, config: { reportsDir } });
const service = startPlantedService(contextWithFeed);
let browser: Browser | undefined;

beforeAll(async () => {
  if (program === undefined) return;
  browser = await chromium.launch({
    ...program,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
});
afterAll(async () => {
  await browser?.close();
  await service.stop();
  rmSync(reportsDir, { recursive: true, force: true });
});

/** One page for each kind of browser, used again: to open one costs more than most of what is done on it. */
const pages = new Map<string, Promise<Page>>();
let complaints: string[] = [];
let origin = service.url;

const openPage = async (options: BrowserContextOptions): Promise<Page> => {
  const context = await browser!.newContext({ locale: 'en-GB', ...options });
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !EXPECTED.test(message.text()))
      complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith('blob:'))
      complaints.push(`it asked for ${request.url()}`);
  });
  return page;
};

/** Opens a path and does something; what the browser complained about must be nothing. */
const visit = async (
  path: string,
  work: (page: Page) => Promise<void>,
  { at = service.url, ...options }: BrowserContextOptions & { at?: string } = {},
): Promise<void> => {
  const kind = JSON.stringify(options);
  if (!pages.has(kind)) pages.set(kind, openPage(options));
  const page = await pages.get(kind)!;
  await page.goto('about:blank');
  complaints = [];
  origin = at;
  await page.goto(at + path);
  await work(page);
  expect(complaints).toEqual([]);
};

/** What a browser says of answers that the page expects: a refusal, a service that is away. */
const EXPECTED =
  /status of (?:422|404|403)|ERR_CONNECTION_|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE/;

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

/** What axe-core finds wrong with the page as it is now. */
const faultsOf = async (page: Page): Promise<readonly string[]> => {
  // As a script of the browser, not of the page: its content security policy forbids foreign ones.
  await page.evaluate(AXE);
  const { violations } = (await page.evaluate('axe.run()')) as AxeResult;
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
};

const FLIGHT = String(new URLSearchParams(PLANTED_FLIGHT));

/** Types a flight without a mouse. */
const typeFlight = async (page: Page, date = '2013-07-05'): Promise<void> => {
  await tabTo(page, 'airline');
  await page.keyboard.type('delta');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.type('jfk');
  await page.keyboard.press('Tab');
  await page.keyboard.type('los ang');
  await page.keyboard.press('Tab');
  await page.keyboard.type(date);
  await page.keyboard.press('Tab');
  await page.keyboard.type('1830');
};

/** By Tab alone, from the top of the page. */
const tabTo = async (page: Page, id: string): Promise<void> => {
  for (let press = 0; press < 12; press++) {
    if ((await page.evaluate('document.activeElement.id')) === id) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`no Tab leads to ${id}`);
};

/** By the script: what the service sent with the page stays until then. */
/** The script has an answer of its own; only a page that it has drawn says whether it is busy. */
const answered = (page: Page) =>
  page.waitForSelector('#answer[aria-busy=false] .chance:not(.sent *)');
const answeredWithoutScript = (page: Page) =>
  page.waitForSelector('#answer:not([aria-busy]) .chance');

test('a browser is here: Chrome, Chromium or Edge is installed, or CHROMIUM names one', () => {
  expect(program).toBeDefined();
});

describe.skipIf(program === undefined)('the page', () => {
  test.each([
    ['in the light', { colorScheme: 'light' }],
    ['in the dark, with reduced motion', { colorScheme: 'dark', reducedMotion: 'reduce' }],
    [
      'on a phone, in Spanish',
      { locale: 'es-CL', viewport: { width: 360, height: 740 }, isMobile: true },
    ],
  ] as const)('answers a flight typed by keyboard alone, and axe-core finds nothing, %s', async (name, options) => {
    const isSpanish = name.endsWith('Spanish');
    await visit(
      '/',
      async (page) => {
        await typeFlight(page, isSpanish ? '05-07-2013' : '2013-07-05');
        await answered(page);
        expect(await page.textContent('#answer .sentence')).toMatch(
          isSpanish
            ? /^Unos \d+ de cada 100 vuelos como este tienen 15 minutos de atraso o más\.$/
            : /^About \d+ of 100 flights like this are 15 minutes late or more\.$/,
        );
        expect(await page.textContent('.echo')).toContain(isSpanish ? '5 de julio' : '5 July 2013');
        expect(await page.inputValue('#destination')).toBe('LAX · Los Angeles, US');
        expect(await faultsOf(page)).toEqual([]);
        const { width } = page.viewportSize()!;
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
          width,
        );
      },
      options,
    );
  });

  test('works without scripts: the form answers as a page, in both languages, and keeps what was entered', async () => {
    for (const [lang, date, sentence] of [
      ['en', '2013-07-05', 'of 100 flights like this'],
      ['es', '05-07-2013', 'de cada 100 vuelos como este'],
    ] as const)
      await visit(
        `/?lang=${lang}`,
        async (page) => {
          await page.selectOption('[name=airline]', 'DL');
          await page.selectOption('[name=origin]', 'JFK');
          await page.selectOption('[name=destination]', 'LAX');
          await page.fill('[name="scheduledDeparture.date"]', date);
          await page.fill('[name="scheduledDeparture.time"]', '18:30');
          await page.click('button');
          await answeredWithoutScript(page);
          expect(await page.textContent('.sentence')).toContain(sentence);
          expect(await page.inputValue('[name=airline]')).toBe('DL');
          expect(await page.inputValue('[name="scheduledDeparture.date"]')).toBe(date);
          await page.fill('[name="scheduledDeparture.date"]', 'soon');
          await page.click('button');
          await page.waitForSelector('.fault:not(:empty)');
          expect(await page.locator('.fault:not(:empty)').count()).toBe(1);
        },
        { javaScriptEnabled: false },
      );
  });

  test('a link opens the flight again, also without scripts', async () => {
    await visit(`/?${FLIGHT}`, async (page) => void (await answeredWithoutScript(page)), {
      javaScriptEnabled: false,
    });
    await visit(`/?${FLIGHT}`, async (page) => {
      await answered(page);
      expect(await page.inputValue('#link')).toContain('destination=LAX');
      await page.click('.lang');
      await page.waitForSelector('html[lang=es]');
      await answered(page);
      expect(await page.textContent('#answer .sentence')).toContain('de cada 100');
    });
  });

  test('a combobox follows the keys of its pattern', async () => {
    await visit('/', async (page) => {
      const input = page.locator('#destination');
      await input.focus();
      await page.keyboard.press('ArrowDown');
      expect(await input.getAttribute('aria-expanded')).toBe('true');
      expect(await input.getAttribute('aria-activedescendant')).toBe('destination-0');
      await page.keyboard.press('ArrowUp');
      expect(await input.getAttribute('aria-activedescendant')).toBe('destination-5');
      expect(await page.getAttribute('#destination-5', 'aria-selected')).toBe('true');
      expect(await page.evaluate('document.activeElement.id')).toBe('destination');
      expect(await faultsOf(page)).toEqual([]);
      await page.keyboard.press('Escape');
      expect(await input.getAttribute('aria-expanded')).toBe('false');
      await page.keyboard.type('chicago');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      expect(await input.inputValue()).toStartWith('ORD · Chicago');
      await page.keyboard.press('Escape');
      expect(await input.inputValue()).toBe('');
    });
  });

  test('finds an airport that the model does not know, and says so', async () => {
    await visit(`/?${FLIGHT}`, async (page) => {
      await answered(page);
      for (const [typed, code] of [
        ['santiago', 'SCL'],
        ['lima', 'LIM'],
        ['guarulhos', 'GRU'],
      ] as const) {
        await page.fill('#destination', typed);
        const option = page
          .locator('#destination-list [role=option]')
          .filter({ has: page.locator(`b:text-is("${code}")`) });
        await option.waitFor();
        expect(await option.textContent()).toContain('not in what the model learned');
        await option.click();
        await page.waitForSelector(`.note:has-text("${code}")`);
      }
    });
  });

  test('says what is wrong beside the field once it is left, and takes it away again', async () => {
    await visit('/', async (page) => {
      await page.click('button[type=submit]');
      expect(await page.textContent('#airline-fault')).toBe('This field is required.');
      expect(await page.getAttribute('#airline', 'aria-invalid')).toBe('true');
      expect(await page.evaluate('document.activeElement.id')).toBe('airline');
      expect(await faultsOf(page)).toEqual([]);
      await typeFlight(page, 'someday');
      await page.keyboard.press('Tab');
      await page.waitForSelector('.echo .fault');
      await page.fill('[id="scheduledDeparture.date"]', '5 July 2013');
      await answered(page);
      expect(await page.locator('.echo .fault').count()).toBe(0);
    });
  });

  test('an answer that came with the page stays until the script has one of its own', async () => {
    await visit(`/?${FLIGHT}`, async (page) => {
      await answered(page);
      const calls = /\/predict/;
      await page.route(calls, () => {});
      await page.reload();
      await page.waitForSelector('#answer[aria-busy=true] .sent .chance');
      await page.unroute(calls);
      await page.reload();
      await answered(page);
      expect(await page.locator('#answer .sent').count()).toBe(0);
    });
  });

  test('notes what cannot be: a negative distance', async () => {
    await visit(`/?${FLIGHT}&distanceMiles=-5`, async (page) => {
      await answered(page);
      expect(await page.textContent('#answer')).toContain('Distance cannot be negative.');
      await page.fill('[id="scheduledDeparture.date"]', '2300-01-01');
      await page.waitForSelector('.note:has-text("years 1900 to 2200")');
      expect(await faultsOf(page)).toEqual([]);
    });
  });

  test('shows other hours and days, what would change it, and the same question as programs ask it', async () => {
    await visit(`/?${FLIGHT}`, async (page) => {
      await page.waitForSelector('.others');
      expect(await page.locator('.cells.n24 > div').count()).toBe(24);
      expect(await page.locator('.cells.n7 > div').count()).toBe(7);
      expect(await page.textContent('pre >> nth=0')).toContain(`curl ${service.url}/predict`);
      const script = (await page.textContent('pre >> nth=1'))!;
      expect(await page.evaluate(`(async () => { ${script} return response.status; })()`)).toBe(
        200,
      );
    });
  });

  test('of a model that the address names asks that model whatever it asks', async () => {
    await visit(`/?model=other&${FLIGHT}`, async (page) => {
      const asked: string[] = [];
      page.on('request', (request) => {
        const { pathname, search } = new URL(request.url());
        if (/^\/(?:predict|model)$/.test(pathname)) asked.push(pathname + search);
      });
      await page.waitForSelector('.others');
      await page.click('nav a[href="#model"]');
      await page.waitForSelector('.views h2');
      expect(await page.textContent('.views h2')).toContain('other');
      expect(asked.length).toBeGreaterThan(0);
      for (const address of asked) expect(address).toMatch(/[?&]model=other$/);
      expect(new URL(page.url()).searchParams.get('model')).toBe('other');
      const script = (await page.textContent('pre >> nth=1'))!;
      expect(script).toContain(`${service.url}/predict?model=other'`);
    });
  });

  test('a file comes back scored, with a bad line named', async () => {
    await visit('/', async (page) => {
      const csv =
        'Airline;origin;destination;scheduled_departure\r\nDL;JFK;LAX;2013-07-05T18:30\r\n"UA";EWR;SFO;2013-07-06T08:00\r\nDL;JFK;LAX;never\r\n';
      await page.setInputFiles('input[type=file]', {
        name: 'mine.csv',
        mimeType: 'text/csv',
        buffer: Buffer.from(csv),
      });
      const [download] = await Promise.all([page.waitForEvent('download'), page.click('a.button')]);
      expect(download.suggestedFilename()).toBe('mine-scored.csv');
      const lines = (await Bun.file(await download.path()).text()).trimEnd().split('\r\n');
      expect(lines[0]).toBe(
        'Airline,origin,destination,scheduled_departure,probability,delayed,error',
      );
      expect(lines[1]).toMatch(/^DL,JFK,LAX,2013-07-05T18:30,0\.\d{4},(true|false),$/);
      expect(lines[3]).toContain('local time');
      expect(await page.textContent('.drop [role=status]')).toContain(
        '2 flights scored, 1 could not',
      );
      expect(await faultsOf(page)).toEqual([]);
      await page.setInputFiles('input[type=file]', {
        name: 'other.csv',
        mimeType: 'text/csv',
        buffer: Buffer.from('a,b\n1,2\n'),
      });
      await page.waitForSelector('.drop .note');
      expect(await page.textContent('.drop .note')).toContain('airline');
    });
  });

  test('says that the service is away, and asks again once it is back', async () => {
    let away = startPlantedService();
    const port = Number(new URL(away.url).port);
    await visit(
      `/?${FLIGHT}`,
      async (page) => {
        await answered(page);
        await away.stop();
        await page.fill('[id="scheduledDeparture.time"]', '19:30');
        await page.waitForSelector('#answer .note');
        away = startPlantedService(undefined, port);
        await answered(page);
        expect(await page.textContent('.echo')).toContain('19:30');
      },
      { at: away.url },
    );
    await away.stop();
  });

  test('shows the service while it runs, and says when it is lost and when it is back', async () => {
    const report = { startedAt: '2026-01-01T00:00:00.000Z', url: 'http://localhost:8080/' };
    writeFileSync(
      join(reportsDir, 'stress-report.html'),
      buildPage({
        title: 'Stress',
        summary: {
          name: 'puntual-stress',
          content: { ...report, result: 'passed', sentence: 'It kept both.', headline: 'Fast.' },
        },
        lead: [{ kind: 'text', text: 'The whole report.' }],
        sections: [],
      }),
    );
    let watched = startPlantedService(contextWithFeed);
    const port = Number(new URL(watched.url).port);
    for (const colorScheme of ['dark', 'light'] as const)
      await visit(
        '/#service',
        async (page) => {
          await page.waitForSelector('.events .reload');
          await page.waitForSelector('.events .kill');
          expect(await page.textContent('.state')).toContain('Ready');
          expect(await page.textContent('.numbers')).toContain('4711');
          expect(await page.textContent('.line >> nth=0')).toContain('500');
          expect(await page.textContent('.events .kill')).toContain('A worker was replaced');
          expect(await page.textContent('.stress')).toContain('It kept both.');
          expect(await faultsOf(page)).toEqual([]);
          if (colorScheme === 'dark') return;
          await watched.stop();
          await page.waitForSelector('.state.lost');
          watched = startPlantedService(contextWithFeed, port);
          await page.waitForSelector('.state.ready');
          await page.click('.stress a');
          expect(await page.textContent('main')).toContain('The whole report.');
        },
        { colorScheme, at: watched.url },
      );
    await watched.stop();
  });

  test('shows the model: what it answers, what it asks for', async () => {
    await visit(
      '/#model',
      async (page) => {
        await page.waitForSelector('.inputs');
        expect(await page.textContent('.views')).toContain('at least 15 minutes late');
        expect(await faultsOf(page)).toEqual([]);
      },
      { colorScheme: 'dark' },
    );
  });

  test.each([
    ['en', 'How much better it is'],
    ['es', 'Cuánto mejor es'],
  ])('on a phone an interval stands in one line below its figure, in %s', async (lang, caption) => {
    await visit(
      `/?lang=${lang}`,
      async (page) => {
        const interval = { low: 0.0312, high: 0.1104 };
        await page.route('**/model', async (route) => {
          const response = await route.fetch();
          const model = { value: 0.0641, interval };
          const gains = [{ against: 'climatology', logLoss: model, auc: model }];
          const quality = { auc: 0.7, logLoss: 0.5, brier: 0.2, ece: 0.02, baseRate: 0.3, rows: 9 };
          await route.fulfill({ response, json: { ...(await response.json()), gains, quality } });
        });
        await page.evaluate("location.hash = '#model'");
        const table = page.locator('table', { hasText: caption });
        await table.waitFor({ timeout: 15_000 });
        const nLines = await table.evaluate(
          (element) =>
            `${[...element.querySelectorAll('td')].map((cell) => {
              const range = document.createRange();
              range.selectNodeContents(cell);
              return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size;
            })}`,
        );
        expect(nLines).toBe('2,2');
        const { width } = page.viewportSize()!;
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
        await page.unroute('**/model');
      },
      { viewport: { width: 360, height: 740 }, isMobile: true },
    );
  });

  test('lets the client run in it: one flight, many, and what is refused', async () => {
    const source = readFileSync(join(import.meta.dir, '../../client/client.js'), 'utf8');
    await visit('/', async (page) => {
      await page.route('**/client.js', (route) =>
        route.fulfill({ contentType: 'text/javascript', body: source }),
      );
      const flight = JSON.stringify(PLANTED_FLIGHT);
      const answers = await page.evaluate(`(async () => {
        const { Puntual, UnprocessableEntityError } = await import('/client.js');
        const client = new Puntual({ baseURL: location.origin });
        const { probability } = await client.predict(${flight});
        const many = [];
        for await (const answer of client.predictMany([${flight}, {}])) many.push(answer.probability ?? answer.code);
        const refused = await client.predict({}).catch((error) => error instanceof UnprocessableEntityError);
        return many[0] === probability ? [many[1], refused] : [many, probability];
      })()`);
      expect(answers).toEqual(['value-invalid', true]);
    });
  });

  test('documents the interface without asking anybody else: every call works as it is', async () => {
    await visit('/docs', async (page) => {
      expect(await page.textContent('h1')).toContain('the interface');
      expect(await page.textContent('.docs')).not.toContain('port-in-use');
      expect(await faultsOf(page)).toEqual([]);
      const calls = page.locator('details.path');
      for (let call = 0; call < (await calls.count()); call++) {
        const details = calls.nth(call);
        await details.locator('summary').click();
        expect(await details.locator('pre.command').textContent()).toMatch(/^curl .?http/);
        await details.locator('button').click();
        await details.locator('.response').waitFor();
        expect([
          await details.locator('summary code').textContent(),
          await details.locator('output').textContent(),
        ]).toEqual([expect.any(String), expect.stringMatching(/^200 /)]);
      }
    });
  });
});
