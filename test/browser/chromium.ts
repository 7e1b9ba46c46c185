import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Where a Chromium is installed; `CHROMIUM` wins. */
export function findChromium(): string | undefined {
  const given = process.env['CHROMIUM'];
  return given === undefined || given === '' ? PLACES.find((path) => existsSync(path)) : given;
}

/** Without a window. Its own sandbox does not work in containers, and it opens nothing but our pages. */
export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}
