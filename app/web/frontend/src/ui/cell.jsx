// One value as a person reads it; what it is exactly stands in its title.

import { isNumeric, text } from '../model/tables.js';

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;
const WORD = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/;
const TONES = {
  bad: ['HELD', 'EXAM', 'REJECTED', 'SUMMARY_REJECTED', 'DOCUMENTS_REQUIRED', 'BLOCKED', 'NEEDS_REVIEW'],
  good: ['RELEASED', 'SUMMARY_ACCEPTED', 'PAID', 'LIQUIDATED', 'CONFIRMED', 'CLEARED', 'DELIVERED'],
  busy: ['SUBMITTED', 'ACCEPTED', 'UNDER_REVIEW', 'READY', 'IN_TRANSIT', 'ARRIVED', 'SUGGESTED'],
};
const moments = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

const STATE = /(^|\.)(status|previousStatus|state|releaseStatus|summaryStatus)$/i;
const SORT = /(kind|type|mode|method|authority|source|decision)$/i;

/** Whether a value of this column is a word of the graph's enums: IEEPA in a column of names is none. */
export const isWord = (column, value) => WORD.test(value) && (value.includes('_') || STATE.test(column) || SORT.test(column));
export const words = value => value.charAt(0) + value.slice(1).toLowerCase().replaceAll('_', ' ');
export const tone = value => Object.keys(TONES).find(name => TONES[name].includes(value)) ?? 'plain';

export function Status({ value }) {
  return <span className="pill" data-tone={tone(value)} title={value}>{words(value)}</span>;
}

export function Cell({ column, value, whole = false }) {
  if (value === null || value === undefined || value === '') return <span className="none" title="empty">—</span>;
  if (value === true || value === false) return value ? 'Yes' : 'No';
  if (typeof value === 'string') {
    if (MOMENT.test(value) && !Number.isNaN(Date.parse(value))) {
      return <time dateTime={value} title={value}>{moments.format(new Date(value))}</time>;
    }
    if (STATE.test(column) && WORD.test(value)) return <Status value={value} />;
    if (isWord(column, value)) return <span title={value}>{words(value)}</span>;
    if (/amount$/i.test(column) && isNumeric(value)) return grouped(value);
  }
  const plain = text(value);
  return plain.length > 160 && !whole ? <span title={plain}>{plain.slice(0, 157)}…</span> : plain;
}

/** Thousands apart, digits as they came: no float touches a Decimal. */
export function grouped(value) {
  const [whole, fraction] = String(value).split('.');
  const apart = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return fraction === undefined ? apart : `${apart}.${fraction}`;
}
