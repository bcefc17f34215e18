// Chooses and prepares what a chart shows: two columns of a table. Draws nothing.

import { isNumeric, numericColumns, sorted, text } from './tables.js';

export const COUNT = '#rows';
const MOST_BARS = 60;
const PREFERRED_Y = [/dutyTotal\.amount$/i, /amount\.amount$/i, /(^|\.)amount$/i, /total/i, /rate|percent/i, /value/i, /confidence/i];
const PREFERRED_X = [/(^|\.)(status|state)$/i, /originCountry$/i, /label$/i, /port\.name$/i, /(^|\.)name$/i, /number$/i, /(occurred|updated|filed)At$/i];

const best = (columns, wishes) => wishes.map(wish => columns.find(column => wish.test(column))).find(Boolean) ?? null;

/** The columns to begin with: {x, y, kind}; y is COUNT where no column is a number. */
export function choose(rows, columns) {
  const numbers = numericColumns(rows, columns);
  const others = columns.filter(column => !numbers.includes(column) && !/(^|\.)id$/.test(column));
  const y = best(numbers, PREFERRED_Y) ?? numbers.find(column => !/number$|version$/i.test(column)) ?? COUNT;
  const distinct = column => new Set(rows.map(row => text(row[column]))).size;
  const few = others.filter(column => distinct(column) > 1);
  const pool = few.length ? few : others.length ? others : columns;
  const repeats = pool.filter(column => distinct(column) < rows.length);
  const fitting = y === COUNT && repeats.length ? repeats : pool;
  return { x: best(fitting, PREFERRED_X) ?? fitting[0] ?? columns[0] ?? null, y, kind: 'bar' };
}

/** Bars and lines: {labels, values, left}. Rows of the same x are added up (or counted); `left` is what did not fit. */
export function grouped(rows, x, y, kind) {
  const sums = new Map();
  for (const row of kind === 'line' ? sorted(rows, x, false) : rows) {
    const key = text(row[x]) || '—';
    const amount = y === COUNT ? 1 : isNumeric(row[y]) ? Number(row[y]) : null;
    if (amount !== null) sums.set(key, (sums.get(key) ?? 0) + amount);
  }
  let entries = [...sums];
  if (kind === 'bar' && y === COUNT) entries.sort((a, b) => b[1] - a[1]);
  const left = kind === 'bar' ? Math.max(0, entries.length - MOST_BARS) : 0;
  if (left) entries = entries.slice(0, MOST_BARS);
  return { labels: entries.map(([key]) => key), values: entries.map(([, value]) => value), left };
}

/** Scatter: points whose x and y are both numbers. */
export function points(rows, x, y) {
  return rows.filter(row => isNumeric(row[x]) && isNumeric(row[y])).map(row => ({ x: Number(row[x]), y: Number(row[y]) }));
}
