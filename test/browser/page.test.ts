/**
 * The page as a person meets it, in a real browser: with scripts and without, in the light and in the dark.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { startPlantedService } from '../planted-service.ts';
import { findBrowser } from './chromium.ts';

const program = await findBrowser();
const service = startPlantedService();
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
});

/** Opens a path and does something; what the browser complained about must be nothing. */
const visit = async (
  path: string,
  work: (page: Page) => Promise<void>,
  options: BrowserContextOptions = {},
): Promise<void> => {
  const context = await browser!.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('status of 422'))
      complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(service.url) && !request.url().startsWith('data:'))
      complaints.push(`it asked for ${request.url()}`);
  });
  await page.goto(service.url + path);
  await work(page);
  await context.close();
  expect(complaints).toEqual([]);
};

const fill = async (page: Page): Promise<void> => {
  await page.selectOption('[name=airline]', 'DL');
  await page.selectOption('[name=origin]', 'JFK');
  await page.selectOption('[name=destination]', 'LAX');
  await page.fill('[name=scheduledDeparture]', '2013-07-05T18:30');
};

test('a browser is here: Chrome, Chromium or Edge is installed, or CHROMIUM names one', () => {
  expect(program).toBeDefined();
});

describe.skipIf(program === undefined)('the page', () => {
  test.each([
    ['with scripts', {}],
    ['without scripts', { javaScriptEnabled: false }],
    ['in the dark', { colorScheme: 'dark' }],
    ['on a phone', { viewport: { width: 360, height: 740 }, isMobile: true }],
  ] as const)('answers a flight with a chance, a sentence and reasons, %s', async (_, options) => {
    await visit(
      '/',
      async (page) => {
        await fill(page);
        await page.click('button');
        await page.waitForSelector('.chance');
        expect(await page.textContent('.chance')).toMatch(/^\d+ %$/);
        expect(await page.textContent('.sentence')).toContain('of 100 such flights');
        expect(await page.textContent('#answer')).toContain('Leaves at 18:30 on Friday');
        const width = await page.locator('main').boundingBox();
        expect(width!.width).toBeLessThanOrEqual(page.viewportSize()!.width);
      },
      options,
    );
  });

  test('keeps the address and what was entered when it answers', async () => {
    await visit('/', async (page) => {
      await fill(page);
      await page.click('button');
      await page.waitForSelector('.chance');
      expect(page.url()).toBe(`${service.url}/`);
      expect(await page.inputValue('[name=airline]')).toBe('DL');
    });
  });

  test('says what is wrong beside the field, and takes it away again', async () => {
    await visit('/', async (page) => {
      await fill(page);
      await page.evaluate("document.querySelector('form').noValidate = true");
      await page.selectOption('[name=origin]', 'JFK');
      await page.fill('[name=scheduledDeparture]', '');
      await page.click('button');
      await page.waitForSelector('.fault');
      expect(await page.textContent('.fault')).toBe('Is required.');
      expect(await page.getAttribute('[name=scheduledDeparture]', 'aria-invalid')).toBe('true');
      await page.fill('[name=scheduledDeparture]', '2013-07-05T18:30');
      await page.click('button');
      await page.waitForSelector('.chance');
      expect(await page.locator('.fault').count()).toBe(0);
    });
  });

  test('can be used by keyboard alone', async () => {
    await visit('/', async (page) => {
      await fill(page);
      await page.focus('[name=distanceMiles]');
      await page.keyboard.type('2475');
      await page.keyboard.press('Enter');
      await page.waitForSelector('.chance');
    });
  });

  test('documents the interface without asking anybody else', async () => {
    await visit('/docs', async (page) => {
      expect(await page.textContent('h1')).toContain('the interface');
      await page.click('summary >> nth=1');
      expect(await page.locator('details[open] pre').textContent()).toContain('curl');
    });
  });
});
