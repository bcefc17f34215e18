// The board's picture of the world: read once, changed by each event, read again after a while and after a break.

import { execute, follow } from '../net/graphql.js';

export const LANES = [
  { name: 'Being prepared', statuses: ['DRAFT', 'READY'] },
  { name: 'With customs', statuses: ['SUBMITTED', 'ACCEPTED', 'UNDER_REVIEW'] },
  { name: 'Needs attention', statuses: ['HELD', 'EXAM', 'DOCUMENTS_REQUIRED', 'REJECTED', 'SUMMARY_REJECTED'] },
  { name: 'Released', statuses: ['RELEASED', 'SUMMARY_ACCEPTED', 'PAID'] },
  { name: 'Closed', statuses: ['LIQUIDATED', 'CANCELLED'] },
];
const STATUSES = LANES.flatMap(lane => lane.statuses);
const MOST_ENTRIES = 300;
const MOST_EVENTS = 40;
const AGAIN = 60_000;
const ENTRY = 'id entryNumber status updatedAt port { name } importer { id name } shipment { reference }';

const PICTURE = `query Board($importer: ID) {
  ${STATUSES.map(status => `${status}: entries(filter: { statuses: [${status}], importer: $importer }, first: 1) { totalCount }`).join('\n  ')}
  entries(filter: { importer: $importer }, orderBy: { field: UPDATED_AT, direction: DESC }, first: ${MOST_ENTRIES}) { nodes { ${ENTRY} } }
  recent: entries(filter: { importer: $importer }, orderBy: { field: UPDATED_AT, direction: DESC }, first: ${MOST_EVENTS}) {
    nodes { id entryNumber statusHistory { status previousStatus occurredAt narrative } }
  }
}`;

const EVENTS = `subscription BoardEvents($importer: ID, $after: String) {
  entryStatusChanged(importer: $importer, after: $after) {
    cursor occurredAt status previousStatus narrative entry { ${ENTRY} }
  }
}`;

/** Opens the board for one importer, or all; `show(picture)` at once and after each change. Returns what closes it. */
export function openBoard(importer, show) {
  let picture = { phase: 'loading', version: 0, loaded: false, entries: [], events: [], importers: [], counts: null, moved: 0, fault: null };
  let closed = false;
  let broken = false;
  const become = part => {
    if (closed) return;
    picture = { ...picture, ...part, version: picture.version + 1 };
    show(picture);
  };
  const load = async () => {
    try {
      const { body } = await execute({ query: PICTURE, operationName: 'Board', variables: { importer } });
      const fault = body.errors?.[0]?.message ?? null;
      if (body.data?.entries) become({ ...pictureOf(body.data, picture), fault });
      else become({ fault: fault ?? 'The entries cannot be read.', phase: picture.loaded ? picture.phase : 'ended' });
    } catch (error) {
      become({ fault: error.message });
    }
  };
  // The socket is open before the picture is read, so that nothing falls between the two.
  const stop = follow({ query: EVENTS, operationName: 'BoardEvents', variables: { importer } }, {
    next(payload) {
      const event = payload.data?.entryStatusChanged;
      if (event) become(moved(picture, event));
    },
    state(phase) {
      become({ phase });
      if (phase === 'live' && (broken || !picture.loaded)) load();
      broken = phase === 'reconnecting';
    },
    error(message) { become({ phase: 'ended', fault: message }); if (!picture.loaded) load(); },
    complete() { become({ phase: 'ended' }); },
  });
  const timer = setInterval(load, AGAIN);
  return () => { closed = true; clearInterval(timer); stop(); };
}

export function pictureOf(data, before) {
  const known = new Set(before.entries.filter(entry => entry.moved).map(entry => entry.id));
  const entries = data.entries.nodes.map(entry => ({ ...entry, moved: known.has(entry.id) }));
  const history = (data.recent?.nodes ?? []).flatMap(entry => entry.statusHistory.map(step => row(entry, step)));
  return {
    loaded: true,
    entries,
    counts: Object.fromEntries(STATUSES.map(status => [status, data[status]?.totalCount ?? 0])),
    importers: [...new Map(entries.filter(entry => entry.importer).map(entry => [entry.importer.id, entry.importer])).values()],
    events: newest([...before.events, ...history]),
  };
}

/** The picture after one event. An event that the picture already holds changes nothing but the list. */
export function moved(picture, event) {
  const entry = event.entry;
  if (!entry) return {};
  const old = picture.entries.find(one => one.id === entry.id);
  const entries = [{ ...entry, moved: true }, ...picture.entries.filter(one => one.id !== entry.id)].slice(0, MOST_ENTRIES);
  const counts = picture.counts && { ...picture.counts };
  const from = old?.status ?? event.previousStatus;
  if (counts && from !== entry.status) {
    if (from) counts[from] = Math.max(0, counts[from] - 1);
    counts[entry.status] += 1;
  }
  return { entries, counts, events: newest([row(entry, event), ...picture.events]), moved: picture.moved + 1 };
}

const row = (entry, step) => ({
  key: `${entry.id} ${step.status} ${step.occurredAt}`,
  entryNumber: entry.entryNumber,
  status: step.status,
  previousStatus: step.previousStatus,
  occurredAt: step.occurredAt,
  narrative: step.narrative,
});

const newest = events =>
  [...new Map(events.map(event => [event.key, event])).values()].sort((a, b) => (a.occurredAt < b.occurredAt ? 1 : -1)).slice(0, MOST_EVENTS);
