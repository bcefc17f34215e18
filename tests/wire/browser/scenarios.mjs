// What a person does in the console, one exported function each; `stage` is made by run.mjs.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';

const SECRET_KEPT = () => Object.entries({ ...localStorage, ...sessionStorage }).map(pair => pair.join('=')).join('\n');

async function signIn(stage, page, who = 'front-end team', path = '/graphql', url = stage.url) {
  await page.goto(url + path);
  await page.fill('#token', stage.tokens[who]);
  await page.click('button[type=submit]');
  await page.waitForSelector('header.top');
  if (path === '/graphql') await page.waitForSelector('.graphiql-query-editor .monaco-editor .view-line');
}

const card = (page, title) => page.locator('.library li button', { has: page.locator('.title', { hasText: new RegExp(`^${title}$`) }) });

async function click(page, title) {
  await card(page, title).click();
  await page.waitForSelector('.result[data-phase=done], .result[data-phase=failed], .result[data-phase=live]');
}

const view = (page, name) => page.click(`.switch >> text="${name}"`);

async function table(page) {
  await page.waitForSelector('table.rows tbody tr');
  return page.evaluate(() => ({
    head: [...document.querySelectorAll('table.rows thead th')].map(cell => cell.innerText.replace(/[↑↓]/, '').trim()),
    names: [...document.querySelectorAll('table.rows thead th button')].map(button => button.title.replace(/: sort$/, '')),
    rows: [...document.querySelectorAll('table.rows tbody tr')].map(row =>
      [...row.children].map(cell => cell.querySelector('[title]')?.title ?? cell.innerText.trim())),
  }));
}

async function download(page, button) {
  const [file] = await Promise.all([page.waitForEvent('download', { timeout: 60_000 }), page.click(`.files button:has-text("${button}")`)]);
  const text = readFileSync(await file.path(), 'utf8');
  assert.equal(text.charCodeAt(0), 0xfeff, 'the file begins with a byte order mark');
  assert.ok(text.endsWith('\r\n'));
  return { name: file.suggestedFilename(), rows: parseCsv(text.slice(1)) };
}

/** A strict reader of RFC 4180, so that the file is judged by another than its writer. */
function parseCsv(text) {
  const rows = [[]];
  let at = 0;
  while (at < text.length) {
    let cell = '';
    if (text[at] === '"') {
      for (at += 1; ; at += 1) {
        if (at >= text.length) throw new Error('a quote is not closed');
        if (text[at] === '"' && text[at + 1] === '"') { cell += '"'; at += 1; } else if (text[at] === '"') break;
        else cell += text[at];
      }
      at += 1;
    } else {
      while (at < text.length && text[at] !== ',' && text[at] !== '\r') {
        assert.ok(text[at] !== '"' && text[at] !== '\n', 'a bare quote or line feed');
        cell += text[at]; at += 1;
      }
    }
    rows.at(-1).push(cell);
    if (text[at] === ',') { at += 1; if (at === text.length) rows.at(-1).push(''); continue; }
    assert.equal(text.slice(at, at + 2), '\r\n');
    at += 2;
    if (at < text.length) rows.push([]);
  }
  return rows;
}

/** How many pixels of the chart are drawn, and its number of values. */
const chart = page => page.evaluate(async () => {
  await new Promise(resolve => { setTimeout(resolve, 500); });
  const canvas = document.querySelector('.canvas canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let inked = 0;
  for (let at = 3; at < data.length; at += 4) if (data[at] > 0) inked += 1;
  return { inked, points: Number(canvas.dataset.points), label: canvas.getAttribute('aria-label') };
});

async function faultless(stage, page, where) {
  await page.evaluate(readFileSync(stage.axe, 'utf8'));
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  const serious = found.violations.filter(one => ['serious', 'critical'].includes(one.impact));
  assert.deepEqual(
    serious.map(one => `${one.id}: ${one.nodes.slice(0, 4).map(node => node.target.join(' ')).join(' | ')}`), [], `axe on ${where}`,
  );
}

const noSidewaysScroll = async (page, where) => {
  const { wide, inner } = await page.evaluate(() => ({ wide: document.scrollingElement.scrollWidth, inner: innerWidth }));
  assert.ok(wide <= inner, `${where} is ${wide} px wide in a window of ${inner}`);
};

export async function sign_in_and_out(stage) {
  const page = await stage.open();
  await page.goto(stage.url);
  assert.equal(new URL(page.url()).pathname, '/graphql');
  await page.waitForSelector('#token');
  await stage.shot(page, 'empty');
  stage.expect(/status of 401/);
  await page.fill('#token', 'not-a-token');
  await page.click('button[type=submit]');
  await page.waitForSelector('#token-fault');
  assert.match(await page.innerText('#token-fault'), /malformed/);
  await page.fill('#token', stage.tokens.analyst);
  await page.keyboard.press('Enter');
  await page.waitForSelector('header.top');
  const [cookie] = await page.context().cookies();
  assert.deepEqual([cookie.name, cookie.httpOnly, cookie.sameSite, cookie.expires], ['tidegate_session', true, 'Strict', -1]);
  assert.equal(await page.evaluate(() => document.cookie), '');
  await page.waitForSelector('.library li button');
  assert.ok(!(await page.evaluate(SECRET_KEPT)).includes(stage.tokens.analyst.slice(-20)));
  assert.match(await page.innerText('.identity > button'), /demo[\s\S]*analyst · 9 scopes · expires in 7 days/);
  await page.click('.identity > button');
  assert.match(await page.innerText('#who'), /Organisation\s+demo importer[\s\S]*entries:read[\s\S]*tariff:read/);
  await stage.shot(page, 'who');
  await page.reload();
  await page.click('.identity > button');
  await page.click('text="Sign out"');
  await page.waitForSelector('#token');
  assert.equal((await page.context().cookies()).length, 0);
  await page.reload();
  await page.waitForSelector('#token');
  await page.check('input[type=checkbox]');
  await page.fill('#token', stage.tokens.partner);
  await page.click('button[type=submit]');
  await page.waitForSelector('header.top');
  assert.ok((await page.context().cookies())[0].expires > Date.now() / 1000 + 86_400);
}

export async function every_saved_operation(stage) {
  const page = await stage.open();
  await signIn(stage, page);
  await page.waitForSelector('.library li button');
  const operations = await page.evaluate(() => fetch('/console/operations').then(answer => answer.json()));
  assert.ok(operations.length >= 12);
  assert.equal(await page.locator('.graphiql-tab').count() >= operations.length, true);
  const failed = [];
  for (const operation of operations) {
    await card(page, operation.title).click();
    if (operation.kind === 'mutation') {
      await page.waitForFunction(name => document.querySelector('.graphiql-tab-active')?.innerText.includes(name), operation.document.match(/mutation (\w+)/)[1]);
      assert.equal(await page.locator('.result[data-phase=none]').count(), 1, `${operation.name} ran by itself`);
      await page.waitForTimeout(600);
      await page.click('.graphiql-execute-button');
    }
    await page.waitForSelector('.result[data-phase=done], .result[data-phase=failed], .result[data-phase=live]');
    const fault = await page.locator('.faults').count() ? await page.innerText('.faults') : '';
    if (fault) failed.push(`${operation.name}: ${fault}`);
    if (operation.description) {
      assert.ok((await page.innerText('.graphiql-query-editor .view-lines')).replaceAll('\u00a0', ' ').includes(`# ${operation.title.slice(0, 20)}`));
    }
  }
  assert.deepEqual(failed, []);
}

export async function duty_of_a_laptop(stage) {
  const page = await stage.open();
  await signIn(stage, page, 'analyst');
  await click(page, 'Duty on a laptop from Vietnam');
  const summary = await page.innerText('.summary');
  assert.match(summary, /Duty total\s+\d+\.\d\d/);
  assert.match(summary, /Effective rate, %\s+\d+/);
  const shown = await table(page);
  assert.ok(shown.head.includes('Amount') && shown.head.includes('Legal citation'));
  assert.ok(shown.rows.length >= 1);
  assert.match(shown.rows[0].join(' '), /8471\.30\.01/);
  await stage.shot(page, 'table');
  const amounts = () => table(page).then(now => now.rows.map(row => Number(row[now.head.indexOf('Amount')])));
  await page.click('th button:has-text("Amount")');
  const up = await amounts();
  assert.deepEqual(up, up.toSorted((a, b) => a - b));
  await page.click('th button:has-text("Amount")');
  assert.deepEqual(await amounts(), up.toReversed());
  assert.equal(await page.getAttribute('th[aria-sort=descending] button', 'title'), 'amount.amount: sort');
  const file = await download(page, 'Save CSV');
  assert.match(file.name, /^duty-laptop-components-\d{4}-\d\d-\d\d\.csv$/);
  assert.equal(file.rows[0].includes('amount.amount'), true);
  assert.deepEqual(file.rows.slice(1).map(row => Number(row[file.rows[0].indexOf('amount.amount')])), up.toReversed());
  await click(page, 'Duty on T-shirts by country of origin');
  await view(page, 'Chart');
  const bars = await chart(page);
  assert.equal(bars.points, 6);
  assert.ok(bars.inked > 5_000, `only ${bars.inked} pixels are drawn`);
  assert.match(bars.label, /^Bars of Duty total by Origin country/);
  await stage.shot(page, 'chart');
  for (const [kind, name] of [['line', 'Line'], ['scatter', 'Points']]) {
    await page.selectOption('.chart-choices select >> nth=0', kind);
    const drawn = await chart(page);
    assert.match(drawn.label, new RegExp(`^${name} of`));
    assert.ok(drawn.inked > 500);
  }
}

export async function the_first_question_runs_from_the_empty_result(stage) {
  const page = await stage.open();
  await signIn(stage, page);
  await page.click('.empty button:has-text("Run it")');
  await page.waitForSelector('.result[data-phase=done]');
  assert.match(await page.innerText('.summary'), /Duty total\s+\d+\.\d\d/);
  await stage.shot(page, 'ran');
}

export async function a_laptop_is_found_by_its_everyday_name(stage) {
  const page = await stage.open();
  await signIn(stage, page, 'analyst');
  await click(page, 'Search the tariff');
  await page.fill('.asked input[name=search]', 'laptops');
  const asked = page.waitForResponse(answer => answer.url().endsWith('/graphql') && answer.request().method() === 'POST');
  await page.press('.asked input[name=search]', 'Enter');
  await asked;
  await page.waitForSelector('.result[data-phase=done]');
  assert.match((await table(page)).rows[0].join(' '), /8471\.30\.01\.00/);
}

export async function entries_that_are_held(stage) {
  const page = await stage.open();
  await signIn(stage, page, 'analyst');
  await click(page, 'Entries that are held up');
  const shown = await table(page);
  const status = shown.head.indexOf('Status');
  assert.ok(shown.rows.length > 0);
  assert.deepEqual(shown.rows.filter(row => !['HELD', 'EXAM', 'DOCUMENTS_REQUIRED', 'REJECTED'].includes(row[status])), []);
  await stage.shot(page, 'table');
  const file = await download(page, 'Save CSV');
  assert.deepEqual(file.rows[0], shown.names);
  assert.equal(file.rows.length - 1, shown.rows.length);
  const number = shown.head.indexOf('Entry number');
  assert.deepEqual(file.rows.slice(1).map(row => row[number]), shown.rows.map(row => row[number]));
  await view(page, 'Chart');
  const drawn = await chart(page);
  assert.match(drawn.label, /^Bars of Number of rows by Status/);
  assert.equal(drawn.points, new Set(shown.rows.map(row => row[status])).size);
  await stage.shot(page, 'chart');
  await view(page, 'JSON');
  await page.waitForSelector('.graphiql-response .view-line');
  assert.match(await page.innerText('.graphiql-response .view-lines'), /entries/);
}

export async function csv_of_all_pages(stage) {
  const page = await stage.open();
  await signIn(stage, page, 'analyst');
  await click(page, 'Entries with everything on them');
  assert.equal((await table(page)).rows.length, 10);
  const file = await download(page, 'CSV of all pages');
  const id = file.rows[0].indexOf('id');
  const ids = file.rows.slice(1).map(row => row[id]);
  assert.ok(ids.length >= 70, `only ${ids.length} rows`);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(file.rows.every(row => row.length === file.rows[0].length));
  const parents = await page.locator('.tables button', { hasText: 'Lines' }).count();
  assert.equal(parents, 1);
  await page.click('.tables button:has-text("Lines")');
  const lines = await table(page);
  assert.ok(lines.names.includes('htsNumber') && lines.names.includes('entries.entryNumber'));
}

export async function a_subscription_grows(stage) {
  const page = await stage.open();
  await signIn(stage, page, 'analyst');
  await card(page, 'Entry statuses as they change').click();
  await page.waitForSelector('.result[data-phase=live] .live');
  const count = async () => (await page.locator('table.rows tbody tr').count());
  await page.waitForFunction(() => document.querySelectorAll('table.rows tbody tr').length >= 2, null, { timeout: 60_000 });
  const before = await count();
  await page.waitForFunction(known => document.querySelectorAll('table.rows tbody tr').length > known, before, { timeout: 60_000 });
  const shown = await table(page);
  const at = shown.names.indexOf('occurredAt');
  const times = shown.rows.map(row => Date.parse(row[at]));
  assert.deepEqual(times, times.toSorted((a, b) => b - a), 'the newest stands first');
  await stage.shot(page, 'table');
  await page.click('.graphiql-execute-button');
  await page.waitForSelector('.result[data-phase=done]');
  const stopped = await count();
  await page.waitForTimeout(4_000);
  assert.equal(await count(), stopped, 'nothing arrives after stop');
  assert.equal((await download(page, 'Save CSV')).rows.length - 1, stopped);
}

export async function an_error_is_told(stage) {
  const page = await stage.open();
  await signIn(stage, page, 'partner');
  stage.expect(/status of 4\d\d/);
  await click(page, 'Duty on a laptop from Vietnam');
  assert.match(await page.innerText('.faults'), /dutyEstimate[\s\S]*duty:quote/);
  assert.match(await page.innerText('.faults'), /request [0-9a-f]{24}/);
  await stage.shot(page, 'missing-scope');
  await faultless(stage, page, 'an error');
}

export async function keyboard_alone(stage) {
  const page = await stage.open();
  await page.goto(`${stage.url}/graphql`);
  await page.waitForSelector('#token:focus');
  await page.keyboard.insertText(stage.tokens.analyst);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.library input[type=search]');
  await page.focus('.library input[type=search]');
  await page.keyboard.type('held up');
  assert.equal(await page.locator('.library li').count(), 1);
  await page.keyboard.press('Tab');
  assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), 'none');
  await page.keyboard.press('Enter');
  await page.waitForSelector('table.rows tbody tr');
  await page.focus('.switch button:nth-child(2)');
  await page.keyboard.press('Space');
  await page.waitForSelector('.canvas canvas');
  await page.focus('.identity > button');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#who');
  await page.keyboard.press('Escape');
  await page.waitForSelector('#who', { state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-controls')), 'who');
  await page.click('.graphiql-query-editor .view-lines');
  await page.keyboard.press('Control+Enter');
  await page.waitForSelector('.result[data-phase=running]', { timeout: 5_000 }).catch(() => null);
  await page.waitForSelector('.result[data-phase=done]');
}

export async function a_click_before_the_editor_is_there(stage) {
  const page = await stage.open();
  const tools = await page.context().newCDPSession(page);
  await tools.send('Emulation.setCPUThrottlingRate', { rate: 6 });
  let clicked;
  const click = new Promise(resolve => { clicked = resolve; });
  await page.route('**/assets/monaco-editor-*.js', async route => {
    await click;
    await route.continue();
  });
  await page.goto(`${stage.url}/graphql`);
  await page.fill('#token', stage.tokens.analyst);
  await page.keyboard.press('Enter');
  await card(page, 'Entries that are held up').click();
  assert.equal(await page.locator('.graphiql-query-editor .view-line').count(), 0, 'the editor was there already');
  clicked();
  await page.waitForSelector('table.rows tbody tr', { timeout: 60_000 });
  assert.match(await page.innerText('.graphiql-query-editor .view-lines'), /Entries.that.are.held.up/);
  assert.match(await page.innerText('.graphiql-tab-active'), /EntriesHeld/);
}

export async function plugins_and_history(stage) {
  const page = await stage.open();
  await signIn(stage, page, 'analyst');
  await click(page, 'Who am I');
  await page.click('[aria-label="Show History"]');
  await page.waitForSelector('.graphiql-history-item');
  await page.click('[aria-label="Show GraphiQL Explorer"]');
  await page.waitForSelector('.graphiql-explorer-root, .doc-explorer-contents');
  await page.click('[aria-label="Show Documentation Explorer"]');
  await page.waitForSelector('.graphiql-doc-explorer-section, .graphiql-doc-explorer-content');
  assert.match(await page.innerText('.graphiql-doc-explorer'), /Query/);
  const tabs = await page.locator('.graphiql-tab').count();
  await page.reload();
  await page.waitForSelector('.graphiql-query-editor .monaco-editor .view-line');
  assert.equal(await page.locator('.graphiql-tab').count(), tabs, 'tabs are as they were left');
  assert.ok(!(await page.evaluate(SECRET_KEPT)).includes(stage.tokens.analyst.slice(-20)));
}

export async function dark_and_narrow(stage) {
  const page = await stage.open({ viewport: { width: 400, height: 860 } });
  await signIn(stage, page, 'analyst');
  await noSidewaysScroll(page, 'the console');
  await page.click('.identity > button');
  await page.click('.themes button:has-text("dark")');
  assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), 'dark');
  await page.keyboard.press('Escape');
  await click(page, 'Duty on a laptop from Vietnam');
  await page.waitForSelector('table.rows tbody tr');
  await noSidewaysScroll(page, 'a table');
  await stage.shot(page, 'console');
  await faultless(stage, page, 'the dark console at 400 px');
  await page.goto(`${stage.url}/board`);
  await page.waitForSelector('.lane li');
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  await noSidewaysScroll(page, 'the board');
  await stage.shot(page, 'board');
  await faultless(stage, page, 'the dark board at 400 px');
}

export async function the_board_moves(stage) {
  const page = await stage.open();
  await signIn(stage, page, 'analyst', '/board');
  await page.waitForSelector('.lane li');
  const sum = () => page.evaluate(() => [...document.querySelectorAll('.counts dd')].reduce((all, cell) => all + Number(cell.innerText.replaceAll(',', '')), 0));
  const counted = () => page.evaluate(async () => {
    const session = await fetch('/console/session').then(answer => answer.json());
    const answer = await fetch('/graphql', {
      method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Tidegate-CSRF': session.csrf },
      body: JSON.stringify({ query: '{ entries(first: 1) { totalCount } }' }),
    });
    return (await answer.json()).data.entries.totalCount;
  });
  await page.waitForSelector('.connection .live:not([data-broken])');
  await page.waitForFunction(() => /[1-9]\d* moves? since/.test(document.querySelector('.connection')?.innerText), null, { timeout: 60_000 });
  const before = await counted();
  const total = await sum();
  const after = await counted();
  assert.ok(total >= before - 2 && total <= after + 2, `the counts add up to ${total}, the graph says ${before} to ${after}`);
  assert.ok(await page.locator('.lane li.moved').count() > 0);
  assert.ok(await page.locator('.events li').count() > 3);
  await stage.shot(page, 'all');
  const importers = await page.locator('.board-bar select option').allInnerTexts();
  assert.ok(importers.length >= 2);
  await page.selectOption('.board-bar select', { index: 1 });
  await page.waitForFunction(name => {
    const cards = [...document.querySelectorAll('.lane li')];
    return cards.length > 0 && cards.every(card => card.innerText.includes(name));
  }, importers[1]);
  await faultless(stage, page, 'the board');
}

export async function no_serious_accessibility_fault(stage) {
  const page = await stage.open();
  await page.goto(`${stage.url}/graphql`);
  await page.waitForSelector('#token');
  await faultless(stage, page, 'the sign-in');
  await signIn(stage, page, 'analyst');
  await faultless(stage, page, 'the open console');
  await click(page, 'Entries that are held up');
  await page.waitForSelector('table.rows');
  await faultless(stage, page, 'a table');
  await view(page, 'Chart');
  await page.waitForSelector('.canvas canvas');
  await faultless(stage, page, 'a chart');
  await page.click('.identity > button');
  await faultless(stage, page, 'who am I');
  await page.goto(`${stage.url}/console/plain`);
  await faultless(stage, page, 'the plain page');
}

export async function another_country_by_the_form(stage) {
  const page = await stage.open();
  await signIn(stage, page, 'analyst');
  await click(page, 'Duty on a laptop from Vietnam');
  const field = page.locator('.asked input[name=origin]');
  assert.equal(await field.inputValue(), 'VN');
  await field.fill('CN');
  await page.fill('.asked input[name=value]', '2000');
  const asked = page.waitForRequest(request => request.url().endsWith('/graphql') && request.method() === 'POST');
  await field.press('Enter');
  assert.deepEqual((await asked).postDataJSON().variables, { number: '8471.30.01.00', origin: 'CN', value: '2000' });
  await page.waitForSelector('.result[data-phase=done]');
  assert.match(await page.innerText('.graphiql-editor-tool .view-lines'), /"CN"/);
  await page.click('.button.wide');
  await page.waitForSelector('.graphiql-editors', { state: 'hidden' });
  await stage.shot(page, 'wide');
  await page.click('.button.wide');
  await page.waitForSelector('.graphiql-editors', { state: 'visible' });
}

export async function what_it_cost_and_a_spent_budget(stage) {
  const page = await stage.open();
  stage.expect(/status of 429/);
  await signIn(stage, page, 'analyst');
  let refusals = 1;
  await page.route('**/graphql', async route => {
    if (route.request().method() !== 'POST') return route.continue();
    if (/tidegatePage/.test(route.request().postData()) && refusals > 0) {
      refusals -= 1;
      const errors = [{ message: 'spent', extensions: { code: 'THROTTLED' } }];
      return route.fulfill({ status: 429, headers: { 'Retry-After': '1' }, contentType: 'application/json', body: JSON.stringify({ errors }) });
    }
    const answer = await route.fetch();
    const body = await answer.json();
    const cost = { requested: 42, actual: 17, available: 983, limit: 1000, restoreRatePerSecond: 50, resetAt: null };
    return route.fulfill({ response: answer, json: { ...body, extensions: { ...body.extensions, cost } } });
  });
  await click(page, 'Entries with everything on them');
  assert.match(await page.innerText('.facts'), /cost 17/);
  assert.equal(await page.getAttribute('.facts [title*=requested]', 'title'), 'requested 42, actual 17; 983 of 1000 left');
  const file = await download(page, 'CSV of all pages');
  assert.ok(file.rows.length > 11);
  assert.equal(refusals, 0);
}

/** Stands between the browser and the gateway; its sockets can be cut, while what the page still loads goes through. */
async function wire(stage) {
  const target = new URL(stage.url);
  const sockets = new Set();
  const state = { cut: false };
  const server = createServer(near => {
    const far = connect(Number(target.port), target.hostname);
    for (const [one, other] of [[near, far], [far, near]]) {
      one.on('error', () => other.destroy()).on('close', () => { sockets.delete(one); other.destroy(); });
    }
    near.once('data', first => {
      if (/^upgrade: *websocket/im.test(first.toString('latin1'))) {
        if (state.cut) { near.destroy(); return; }
        sockets.add(near);
      }
      far.write(first);
      near.pipe(far);
    });
    far.pipe(near);
  });
  await new Promise(resolve => { server.listen(0, '127.0.0.1', resolve); });
  const url = `http://127.0.0.1:${server.address().port}`;
  stage.allow(url);
  return {
    url,
    cut() { state.cut = true; for (const socket of sockets) socket.destroy(); },
    mend() { state.cut = false; },
    close() { this.cut(); server.close(); },
  };
}

export async function a_broken_socket_leaves_no_gap(stage) {
  const page = await stage.open();
  const between = await wire(stage);
  stage.expect(/WebSocket|ERR_|Failed to load/);
  await signIn(stage, page, 'analyst', '/graphql', between.url);
  await card(page, 'Entry statuses as they change').click();
  await page.waitForFunction(() => document.querySelectorAll('table.rows tbody tr').length >= 2, null, { timeout: 60_000 });
  between.cut();
  await page.waitForSelector('.result[data-phase=reconnecting]');
  await page.waitForTimeout(5_000);
  const before = await page.locator('table.rows tbody tr').count();
  between.mend();
  await page.waitForSelector('.result[data-phase=live]', { timeout: 60_000 });
  await page.waitForFunction(known => document.querySelectorAll('table.rows tbody tr').length >= known + 3, before, { timeout: 60_000 });
  const shown = await table(page);
  const cursors = shown.rows.map(row => row[shown.names.indexOf('cursor')]).toReversed();
  const told = await page.evaluate(async first => {
    const session = await fetch('/console/session').then(answer => answer.json());
    const answer = await fetch('/graphql', {
      method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Tidegate-CSRF': session.csrf },
      body: JSON.stringify({ query: 'query($first: String) { events(after: $first, first: 1000) { nodes { cursor type } } }', variables: { first } }),
    });
    return (await answer.json()).data.events.nodes.filter(node => node.type.startsWith('ENTRY_')).map(node => node.cursor);
  }, cursors[0]);
  assert.deepEqual(cursors.slice(1), told.slice(0, cursors.length - 1));
  between.close();
}

export async function a_picture_for_the_readme(stage) {
  const page = await stage.open({ viewport: { width: 1280, height: 760 } });
  await signIn(stage, page, 'analyst');
  await click(page, 'Duty on T-shirts by country of origin');
  await view(page, 'Chart');
  assert.equal((await chart(page)).points, 6);
  await page.mouse.move(640, 5);
  await stage.shot(page, 'console');
}
