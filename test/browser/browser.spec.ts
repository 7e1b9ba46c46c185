import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunningNode } from '../../src/start-node.js';
import { request, startApiNode } from '../conformance/api-node.js';
import { findChromium, launchChromium } from './chromium.js';
import { startPageServer, type PageServer } from './page-server.js';

const SOON = { timeout: 20_000 };

const chromium = findChromium();
if (chromium === undefined) process.stdout.write('There is no Chromium here: the suite of the browser is skipped.\n');

describe.skipIf(chromium === undefined)('in a browser', () => {
  let browser: Browser;
  let allowed: PageServer;
  let foreign: PageServer;
  let node: RunningNode;
  let page: Page;

  beforeAll(async () => {
    [browser, allowed, foreign] = await Promise.all([launchChromium(chromium!), startPageServer(), startPageServer()]);
    node = await startApiNode('A', { corsOrigins: [allowed.origin] });
  });

  beforeEach(async () => {
    page = await browser.newPage();
  });

  afterEach(() => page.close());

  afterAll(async () => {
    await browser.close();
    await Promise.all([node.close(), allowed.close(), foreign.close()]);
  });

  const open = (site: PageServer) => page.goto(`${site.origin}/?node=${encodeURIComponent(node.url)}`);
  const text = (id: string) => page.locator(`#${id}`).textContent();
  const shown = (list: string) => page.locator(`#${list} li`).allTextContents();

  it('a page of an allowed origin subscribes with EventSource and Socket.IO, publishes with both, and sees it all', async () => {
    await open(allowed);
    await expect.poll(() => text('stream-state'), SOON).toBe('open');
    await expect.poll(() => text('socket-state'), SOON).toBe('open');
    await page.fill('#text', 'hello by POST');
    await page.click('#post');
    await expect.poll(() => text('posted'), SOON).toBe('202');
    await page.fill('#text', 'hello by socket');
    await page.click('#emit');
    await expect.poll(() => text('emitted'), SOON).toBe('ok');
    for (const list of ['stream', 'socket'])
      await expect.poll(() => shown(list), SOON).toEqual(['A: hello by POST', 'A: hello by socket']);
  });

  it('a page of another origin gets nothing', async () => {
    await open(foreign);
    await expect.poll(() => text('stream-state'), SOON).toBe('refused');
    await expect.poll(() => text('socket-state'), SOON).toBe('refused');
    await page.fill('#text', 'hello from elsewhere');
    await page.click('#post');
    await expect.poll(() => text('posted'), SOON).toBe('refused');
    const { body } = await request(node, '/messages?topic=chat');
    expect(JSON.stringify(body)).not.toContain('hello from elsewhere');
  });

  it('the documentation shows every operation, and runs one', async () => {
    const failed: string[] = [];
    page.on('response', (response) => {
      if (!response.ok() && !response.url().endsWith('/favicon.ico')) failed.push(response.url());
    });
    page.on('pageerror', (error) => failed.push(error.message));
    await page.goto(`${node.url}/docs`);
    const { body } = await request(node, '/docs-json');
    const operations = Object.entries(body['paths'] as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(operations).toContain('POST /publish');
    const summaries = async (): Promise<string[]> =>
      page.locator('.opblock').evaluateAll((blocks) =>
        blocks.map((block) => {
          const [method, path] = ['.opblock-summary-method', '.opblock-summary-path'].map(
            (part) => block.querySelector(part)?.textContent?.replaceAll('\u200b', '').trim() ?? '',
          );
          return `${method} ${path}`;
        }),
      );
    await expect.poll(async () => (await summaries()).toSorted(), SOON).toEqual(operations.toSorted());
    await page.click('#operations-messages-publish .opblock-summary');
    await page.locator('.opblock.is-open button.execute').click();
    await expect
      .poll(() => page.locator('.live-responses-table .response-col_status').allTextContents(), SOON)
      .toEqual(expect.arrayContaining([expect.stringContaining('202')]));
    expect(failed).toEqual([]);
  });
});
