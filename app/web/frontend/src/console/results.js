// What each tab's last run brought: one run per tab, kept outside of React. Subscriptions grow theirs.

const MOST_EVENTS = 1_000;
const runs = new Map();
const listeners = new Set();
let version = 0;
let drawing = false;

export const NOTHING = Object.freeze({ phase: 'none' });

/** {phase: none | running | live | reconnecting | done | failed, kind, request, payload, events, count, ms, status, message} */
export const runOf = tab => runs.get(tab) ?? NOTHING;
export const resultsVersion = () => version;

export function onResults(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Changes are drawn once a frame, however fast events arrive. */
function changed() {
  version += 1;
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    for (const listener of listeners) listener();
  });
}

export function begin(tab, run) {
  runs.set(tab, { phase: 'running', events: [], count: 0, ...run });
  changed();
}

export function update(tab, part) {
  const run = runs.get(tab);
  if (!run) return;
  runs.set(tab, { ...run, ...part });
  changed();
}

/** One more event of a subscription, the newest first; the oldest fall off. */
export function addEvent(tab, payload) {
  const run = runs.get(tab);
  if (!run) return;
  const events = [payload, ...run.events].slice(0, MOST_EVENTS);
  runs.set(tab, { ...run, phase: 'live', payload, events, count: run.count + 1 });
  changed();
}

/** The data a run shows as tables: an answer's own, or the events of a subscription as one list. */
export function dataOf(run) {
  if (run.kind !== 'subscription') return run.payload?.data ?? null;
  const root = Object.keys(run.payload?.data ?? {})[0];
  return root ? { [root]: run.events.map(event => event.data?.[root]).filter(Boolean) } : null;
}
