// node run.mjs SCENARIO: opens Chromium on the gateway of $CONSOLE_URL and plays one scenario. Prints a JSON line
// {faults: […]}; a scenario that throws, an error on the console, a violated policy and a foreign request are faults.

import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as scenarios from './scenarios.mjs';

const { CONSOLE_URL, CONSOLE_FRONTEND, CONSOLE_CHROMIUM, CONSOLE_ARTIFACTS, CONSOLE_TOKENS } = process.env;
const require = createRequire(join(CONSOLE_FRONTEND, 'package.json'));
const { chromium } = require('playwright-core');
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

const name = process.argv[2];
const faults = [];
const expected = [];
const allowed = [CONSOLE_URL];
const isOwn = url => allowed.some(one => url.startsWith(one) || url.startsWith(one.replace(/^http/, 'ws')));
mkdirSync(CONSOLE_ARTIFACTS, { recursive: true });
const browser = await chromium.launch({ executablePath: CONSOLE_CHROMIUM, headless: true, args: FLAGS });

async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true, locale: 'en-US', ...options });
  await context.exposeBinding('reportViolation', (_, text) => faults.push(`policy: ${text}`));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', event => {
      window.reportViolation(`${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on('console', message => {
    const text = message.text();
    if (message.type() === 'error' && !expected.some(wanted => wanted.test(text))) faults.push(`console: ${text}`);
  });
  page.on('pageerror', error => faults.push(`page: ${error.message}`));
  context.on('request', request => {
    const url = request.url();
    if (!isOwn(url) && !/^(data|blob|about):/.test(url)) faults.push(`foreign: ${url}`);
  });
  page.on('websocket', socket => {
    if (!isOwn(socket.url())) faults.push(`foreign: ${socket.url()}`);
  });
  return page;
}

const stage = {
  url: CONSOLE_URL,
  tokens: JSON.parse(CONSOLE_TOKENS),
  open,
  /** Console errors of this pattern are part of the scenario. */
  expect: pattern => expected.push(pattern),
  /** This origin leads to the gateway too. */
  allow: url => allowed.push(url),
  shot: (page, label) => page.screenshot({ path: join(CONSOLE_ARTIFACTS, `${name}-${label}.png`) }),
  axe: require.resolve('axe-core/axe.min.js'),
};

try {
  await scenarios[name](stage);
} catch (error) {
  faults.push(String(error.stack ?? error).slice(0, 2000));
  for (const page of browser.contexts().flatMap(context => context.pages())) {
    await page.screenshot({ path: join(CONSOLE_ARTIFACTS, `${name}-failed.png`) }).catch(() => null);
  }
}
await browser.close();
console.log(JSON.stringify({ faults }));
