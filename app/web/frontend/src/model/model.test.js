import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'graphql';
import { choose, COUNT, grouped, points } from './chart.js';
import { cell, fileName, toCsv } from './csv.js';
import { pagedDocument, takePage } from './paging.js';
import { fieldsOf, withField } from './variables.js';
import { columnsOf, firstTable, flatten, label, numericColumns, presented, sorted, summaryOf, tablesOf } from './tables.js';

const HELD = {
  entries: {
    totalCount: 2,
    pageInfo: { hasNextPage: true, endCursor: 'c' },
    nodes: [
      { id: 'ent_1', status: 'HELD', port: { code: '2704', name: 'Los Angeles, CA' }, lines: [{ number: 1 }, { number: 2 }] },
      { id: 'ent_2', status: 'EXAM', port: null, lines: [] },
    ],
  },
};
const DUTY = {
  dutyEstimate: {
    total: { amount: '2547.14' },
    complete: true,
    notices: ['a', 'b'],
    lines: [{ effectiveRate: '25', components: [{ label: 'General', amount: { amount: '0.00' } }, { label: '232', amount: { amount: '2500.00' } }] }],
    fees: [{ label: 'MPF', amount: { amount: '34.64' } }],
  },
};

test('a connection is a table of its nodes, nested lists are counted and are tables too', () => {
  const [entries, lines] = tablesOf(HELD);
  assert.deepEqual(entries.columns, ['status', 'port.code', 'port.name', 'lines.count', 'id']);
  assert.deepEqual(
    [entries.path, entries.connection, entries.totalCount, entries.hasNextPage, entries.rows.length],
    ['entries', true, 2, true, 2],
  );
  assert.deepEqual(lines.rows[1], {
    number: 2,
    'entries.id': 'ent_1',
    'entries.status': 'HELD',
    'entries.port.code': '2704',
    'entries.port.name': 'Los Angeles, CA',
  });
  assert.equal(lines.nested, true);
});

test('edges are rows as nodes are', () => {
  assert.deepEqual(tablesOf({ a: { edges: [{ cursor: 'x', node: { id: 1 } }] } })[0].rows, [{ id: 1 }]);
});

test('the first table looks into a single row', () => {
  assert.equal(firstTable(tablesOf(DUTY)).path, 'dutyEstimate.lines.components');
  assert.equal(firstTable(tablesOf(HELD)).path, 'entries');
  assert.equal(firstTable([]), null);
});

test('the summary is what stands outside of tables', () => {
  assert.deepEqual(summaryOf(DUTY), [
    { name: 'total.amount', heading: 'Total', long: false, value: '2547.14' },
    { name: 'complete', heading: 'Complete', long: false, value: true },
    { name: 'notices', heading: 'Notices', long: false, value: 'a; b' },
  ]);
  assert.deepEqual(summaryOf(null), []);
  assert.deepEqual(summaryOf({ dutyEstimate: null }), []);
});

test('flattening joins scalars and keeps null', () => {
  assert.deepEqual(flatten({ a: null, b: ['x', 1], c: { d: { e: false } }, __typename: 'T' }), { a: null, b: 'x; 1', 'c.d.e': false });
  assert.deepEqual(columnsOf([{ a: 1 }, { b: 2, a: 3 }]), ['a', 'b']);
});

test('decimals in text sort by value, empty cells stay last both ways', () => {
  const rows = [{ v: '10.00' }, { v: null }, { v: '9.5' }, { v: '-1' }];
  assert.deepEqual(sorted(rows, 'v', false).map(row => row.v), ['-1', '9.5', '10.00', null]);
  assert.deepEqual(sorted(rows, 'v', true).map(row => row.v), ['10.00', '9.5', '-1', null]);
  assert.deepEqual(sorted([{ v: 'b10' }, { v: 'B2' }], 'v', false).map(row => row.v), ['B2', 'b10']);
});

test('numbers that name something are not numeric', () => {
  assert.deepEqual(numericColumns([{ id: '1', 'port.code': '2704', amount: '1.00', note: 'x' }], ['id', 'port.code', 'amount', 'note']), ['amount']);
});

test('column names read like words', () => {
  assert.equal(label('customsValue.amount'), 'Customs value');
  assert.equal(label('amount.amount'), 'Amount');
  assert.equal(label('htsNumber'), 'HTS number');
});

test('a currency that never changes stands in the heading', () => {
  const rows = [{ 'v.amount': '1.00', 'v.currency': 'USD', note: 'x'.repeat(50) }];
  assert.deepEqual(presented(rows, ['v.amount', 'v.currency', 'note']), [
    { name: 'v.amount', heading: 'V, USD', long: false },
    { name: 'note', heading: 'Note', long: true },
  ]);
  const mixed = [...rows, { 'v.amount': '2.00', 'v.currency': 'EUR' }];
  assert.deepEqual(presented(mixed, ['v.amount', 'v.currency']).map(one => one.heading), ['V', 'V currency']);
});

test('what a spreadsheet would run is disarmed, numbers are not touched', () => {
  assert.equal(cell('=1+1'), "'=1+1");
  assert.equal(cell('@SUM(A1)'), "'@SUM(A1)");
  assert.equal(cell('-12.50'), '-12.50');
  assert.equal(cell('+1 555'), "'+1 555");
  assert.equal(cell('\tx'), "'\tx");
  assert.equal(cell('-2+3+cmd|calc'), "'-2+3+cmd|calc");
  assert.equal(cell(null), '');
});

test('a csv quotes what it must and ends its lines as the standard says', () => {
  assert.equal(
    toCsv(['a', 'b.c'], [{ a: 'x, "y"', 'b.c': 1 }, { a: 'two\nlines' }]),
    '\uFEFFa,b.c\r\n"x, ""y""",1\r\n"two\nlines",\r\n',
  );
  assert.equal(fileName('EntriesHeld', 'entries', new Date('2026-11-20T00:00:00Z')), 'entries-held-entries-2026-11-20.csv');
});

test('a chart begins with the money by what it is for, or counts', () => {
  const duty = tablesOf(DUTY)[1];
  assert.deepEqual(choose(duty.rows, duty.columns), { x: 'label', y: 'amount.amount', kind: 'bar' });
  const rows = [{ id: 'a', status: 'HELD', n: 'x' }, { id: 'b', status: 'HELD', n: 'y' }, { id: 'c', status: 'EXAM', n: 'z' }];
  assert.deepEqual(choose(rows, ['id', 'status', 'n']), { x: 'status', y: COUNT, kind: 'bar' });
  assert.deepEqual(grouped(rows, 'status', COUNT, 'bar'), { labels: ['HELD', 'EXAM'], values: [2, 1], left: 0 });
});

test('a line runs in the order of x, and equal x add up', () => {
  const rows = [{ d: '2026-02-01', v: '2' }, { d: '2026-01-01', v: '1' }, { d: '2026-02-01', v: '3' }, { d: '2026-03-01', v: null }];
  assert.deepEqual(grouped(rows, 'd', 'v', 'line'), { labels: ['2026-01-01', '2026-02-01'], values: [1, 5], left: 0 });
  assert.deepEqual(points([{ a: '1', b: 2 }, { a: 'x', b: 1 }], 'a', 'b'), [{ x: 1, y: 2 }]);
});

test('an operation without after or pageInfo can be paged', () => {
  const paged = pagedDocument('query E($first: Int!) { list: entries(first: $first) { totalCount nodes { id } } }', 'E', 'list');
  assert.equal(paged.variable, 'tidegateAfter');
  assert.match(paged.document, /query E\(\$first: Int!, \$tidegateAfter: String\)/);
  assert.match(paged.document, /entries\(first: \$first, after: \$tidegateAfter\)/);
  assert.match(paged.document, /tidegatePage: pageInfo \{\s+hasNextPage\s+endCursor\s+\}/);
  assert.doesNotMatch(paged.document, /totalCount/);
  parse(paged.document);
});

test('an operation with its own after variable keeps it', () => {
  const paged = pagedDocument('query E($after: String) { entries(first: 1, after: $after) { nodes { id } pageInfo { hasNextPage } } }', 'E', 'entries');
  assert.equal(paged.variable, 'after');
  assert.equal(paged.document.match(/after/g).length, 3);
});

test('what cannot be paged is left alone', () => {
  assert.equal(pagedDocument('{ entries(last: 5) { nodes { id } } }', null, 'entries'), null);
  assert.equal(pagedDocument('{ ...F } fragment F on Query { entries(first: 1) { nodes { id } } }', null, 'entries'), null);
  assert.equal(pagedDocument('subscription { events { id } }', null, 'events'), null);
});

test('page information is taken out again', () => {
  const data = { entries: { nodes: [], tidegatePage: { hasNextPage: false, endCursor: null } } };
  assert.deepEqual(takePage(data, 'entries'), { hasNextPage: false, endCursor: null });
  assert.deepEqual(data, { entries: { nodes: [] } });
});

test('plain variables are fields, lists and inputs are not', () => {
  const document = parse('query D($number: HtsNumber!, $asOf: Date, $first: Int! = 5, $mine: Boolean, $after: String, $s: [ID!], $input: QuoteInput) { a }');
  assert.deepEqual(fieldsOf(document, 'D', '{"number": "8471"}').map(({ name, kind, required, value }) => [name, kind, required, value]), [
    ['number', 'text', true, '8471'],
    ['asOf', 'date', false, undefined],
    ['first', 'number', false, '5'],
    ['mine', 'checkbox', false, undefined],
  ]);
  assert.equal(fieldsOf(document, 'D', '{"number": '), null);
  assert.equal(fieldsOf(document, 'Other', ''), null);
});

test('a field goes back as its own type and nothing else changes', () => {
  const kept = '{"lines": [1]}';
  assert.deepEqual(JSON.parse(withField(kept, { name: 'first', kind: 'number' }, '20')), { lines: [1], first: 20 });
  assert.deepEqual(JSON.parse(withField(kept, { name: 'origin', kind: 'text' }, ' CN ')), { lines: [1], origin: 'CN' });
  assert.deepEqual(JSON.parse(withField('{"origin": "VN"}', { name: 'origin', kind: 'text' }, '')), {});
});
