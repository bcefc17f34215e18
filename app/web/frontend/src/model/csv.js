// Rows as a CSV file (RFC 4180) that a spreadsheet opens without running anything that stands in a cell.

import { isNumeric, text } from './tables.js';

const FORMULA = /^[=+\-@\t\r\n\uFF0B\uFF0D\uFF1D\uFF20]/;

/** One cell. A text that a spreadsheet would take for a formula gets an apostrophe; numbers stay numbers. */
export function cell(value) {
  const plain = text(value);
  const safe = FORMULA.test(plain) && !isNumeric(plain) ? `'${plain}` : plain;
  return /[",\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The file's text: a byte order mark for Excel, a heading, CRLF. */
export function toCsv(columns, rows) {
  const lines = [columns.map(cell), ...rows.map(row => columns.map(column => cell(row[column])))];
  return `\uFEFF${lines.map(line => line.join(',')).join('\r\n')}\r\n`;
}

/** A file name of the operation, the table and the day. */
export function fileName(operation, path, on) {
  const name = `${operation || 'answer'}-${path.split('.').pop() || 'table'}`;
  const plain = name.replace(/([a-z0-9])([A-Z])/g, '$1-$2').replace(/[^A-Za-z0-9]+/g, '-').toLowerCase();
  return `${plain.replace(/^-|-$/g, '')}-${on.toISOString().slice(0, 10)}.csv`;
}
