// The views beside GraphiQL's JSON: table, chart, what went wrong, what it cost, and the file to take away.

import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { fileName, toCsv } from '../model/csv.js';
import { firstTable, label, sorted, summaryOf, tablesOf } from '../model/tables.js';
import { readAllPages, save } from './allPages.js';
import { Asked } from './Asked.jsx';
import { ChartView } from './ChartView.jsx';
import { dataOf, onResults, resultsVersion, runOf } from './results.js';
import { Summary, TableView } from './TableView.jsx';

const VIEWS = [['table', 'Table'], ['chart', 'Chart'], ['json', 'JSON']];

export function ResultPanel() {
  useSyncExternalStore(onResults, resultsVersion);
  const tab = useGraphiQL(state => state.tabs[state.activeTabIndex]?.id);
  const run = runOf(tab);
  const [view, setView] = useState('table');
  const [wished, setWished] = useState({});
  const [order, setOrder] = useState({});
  const data = dataOf(run);
  const tables = useMemo(() => tablesOf(data), [run]);
  const summary = useMemo(() => (run.kind === 'subscription' ? [] : summaryOf(data)), [run]);
  const table = tables.find(one => one.path === wished[tab]) ?? firstTable(tables);
  const key = `${tab} ${table?.path}`;
  const ordering = order[key] ?? {};
  const rows = useMemo(() => (table ? sorted(table.rows, ordering.column, ordering.descending) : []), [table, ordering.column, ordering.descending]);
  const reorder = column => setOrder({ ...order, [key]: { column, descending: ordering.column === column && !ordering.descending } });
  const [wide, setWide] = useState(false);
  useEffect(() => { document.body.dataset.view = view; }, [view]);
  useEffect(() => { document.body.toggleAttribute('data-wide', wide); }, [wide]);
  return (
    <section className="result" data-view={view} data-phase={run.phase} aria-label="Result">
      <div className="result-bar">
        <Switch view={view} onChange={setView} />
        <Facts run={run} table={table} />
        {table && <Files run={run} table={table} rows={rows} />}
        <button type="button" className="button wide" onClick={() => setWide(!wide)} title={wide ? 'Show the editor again' : 'Give the result the whole width'}>
          <svg viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" aria-hidden="true">
            {wide ? <path d="M2 8h5M5 5.500l2.500 2.500L5 10.500M14 8H9M11 5.500 8.500 8l2.500 2.500" /> : <path d="M6.500 8h-5M4 5.500 1.500 8 4 10.500M9.500 8h5M12 5.500 14.500 8 12 10.500" />}
          </svg>
          <span>{wide ? 'Show editor' : 'Hide editor'}</span>
        </button>
      </div>
      {view !== 'json' && (
        <div className="result-body">
          <Asked />
          <Faults run={run} />
          {run.phase === 'none' && <Empty />}
          {run.phase === 'running' && <p className="empty" role="status"><span className="spinner" aria-hidden="true" />{run.kind === 'subscription' ? 'Connecting…' : 'Running…'}</p>}
          {(run.phase === 'live' || run.phase === 'reconnecting') && !table && <p className="empty" role="status">Waiting for the first event…</p>}
          {view === 'table' && <Summary entries={summary.filter(entry => !entry.long)} />}
          {tables.length > 1 && <Tables tables={tables} chosen={table} onChoose={path => setWished({ ...wished, [tab]: path })} />}
          {table && (table.rows.length === 0
            ? <p className="empty">{run.kind === 'subscription' ? 'Waiting for the first event…' : 'Nothing was found. The list is empty.'}</p>
            : view === 'table'
              ? <TableView table={table} rows={rows} order={ordering} onOrder={reorder} live={run.kind === 'subscription'} />
              : <ChartView table={table} />)}
          {view === 'table' && <Summary entries={summary.filter(entry => entry.long)} />}
          {view === 'chart' && !table && run.payload?.data && <p className="empty">There is no list in this answer to draw.</p>}
        </div>
      )}
    </section>
  );
}

function Switch({ view, onChange }) {
  return (
    <div className="switch" role="group" aria-label="View of the result">
      {VIEWS.map(([key, name]) => (
        <button key={key} type="button" aria-pressed={view === key} onClick={() => onChange(key)}>{name}</button>
      ))}
    </div>
  );
}

function Facts({ run, table }) {
  const facts = [];
  if (run.kind === 'subscription') {
    if (run.phase === 'live') facts.push(<span key="live" className="live">Live</span>);
    if (run.phase === 'reconnecting') facts.push(<span key="live" className="live" data-broken="">Reconnecting…</span>);
    facts.push(<span key="count">{run.count.toLocaleString()} {run.count === 1 ? 'event' : 'events'}{run.count > run.events.length && `, the last ${run.events.length.toLocaleString()} kept`}</span>);
  } else if (table) {
    const of = table.totalCount > table.rows.length ? ` of ${table.totalCount.toLocaleString()}` : '';
    facts.push(<span key="rows">{table.rows.length.toLocaleString()}{of} {table.rows.length === 1 && !of ? 'row' : 'rows'}</span>);
  }
  if (run.ms) facts.push(<span key="ms">{run.ms < 10 ? run.ms.toFixed(1) : Math.round(run.ms)} ms</span>);
  const cost = run.payload?.extensions?.cost;
  if (cost) facts.push(<Cost key="cost" cost={cost} />);
  return <div className="facts" role="status">{facts}</div>;
}

function Cost({ cost }) {
  const actual = cost.actual ?? cost.requested;
  const left = cost.limit === null || cost.limit === undefined ? 'no limit is set' : `${cost.available} of ${cost.limit} left`;
  return <span title={`requested ${cost.requested}, actual ${cost.actual}; ${left}`}>cost {actual}</span>;
}

function Faults({ run }) {
  const errors = run.message ? [{ message: run.message }] : run.payload?.errors ?? [];
  if (!errors.length) return null;
  const partial = run.payload?.data;
  return (
    <div className="faults" data-partial={partial ? '' : undefined} role="alert">
      <strong>{partial ? 'Part of the answer is missing' : 'This could not be answered'}</strong>
      <ul>
        {errors.slice(0, 6).map((error, index) => (
          <li key={index}>
            {error.path && !error.message.startsWith(error.path.join('.')) && <code>{error.path.join('.')}</code>} {error.message}{' '}
            {error.extensions?.requestId && <small title="Tell this id when you ask for help">request {error.extensions.requestId}</small>}
          </li>
        ))}
      </ul>
      {errors.length > 6 && <small>and {errors.length - 6} more; see JSON</small>}
    </div>
  );
}

function Empty() {
  const { run } = useGraphiQLActions();
  const name = useGraphiQL(state => state.operationName);
  return (
    <div className="empty">
      <p><strong>Nothing has run in this tab yet.</strong></p>
      <p>Choose a question from <em>Saved operations</em>, or run the one that is open.</p>
      {name && <p><button type="button" className="button primary" onClick={() => run()}>Run it</button></p>}
    </div>
  );
}

function Tables({ tables, chosen, onChoose }) {
  return (
    <div className="tables" role="group" aria-label="Tables of the answer">
      {tables.map(table => (
        <button key={table.path} type="button" aria-pressed={table === chosen} title={table.path} onClick={() => onChoose(table.path)}>
          {label(table.path.split('.').pop())} <small>{table.rows.length}</small>
        </button>
      ))}
    </div>
  );
}

function Files({ run, table, rows }) {
  const [reading, setReading] = useState(null);
  const [fault, setFault] = useState(null);
  const control = useRef(null);
  useEffect(() => () => control.current?.abort(), []);
  useEffect(() => setFault(null), [run]);
  const name = fileName(run.request?.operationName, table.path, new Date());
  const more = table.connection && !table.nested && run.kind === 'query'
    && (table.hasNextPage ?? (table.totalCount === null || table.totalCount > table.rows.length));
  const all = async () => {
    control.current = new AbortController();
    setFault(null);
    setReading(0);
    try {
      const found = await readAllPages(run.request, table.path, { headers: run.headers, signal: control.current.signal, onRows: setReading });
      save(toCsv(found.columns, found.rows), name);
      if (found.cut) setFault(`The list is longer than ${found.rows.length.toLocaleString()} rows; the file ends there.`);
    } catch (error) {
      if (error.name !== 'AbortError') setFault(error.message);
    }
    setReading(null);
  };
  return (
    <div className="files">
      {fault && <span className="fault" role="alert" title={fault}>{fault}</span>}
      <button type="button" className="button" disabled={!rows.length} onClick={() => save(toCsv(table.columns, rows), name)} title="Save the rows shown here, in this order">Save CSV</button>
      {more && (reading === null
        ? <button type="button" className="button" onClick={all} title="Read the list to its end and save it">CSV of all pages</button>
        : <button type="button" className="button" onClick={() => control.current.abort()}>{reading.toLocaleString()} rows… stop</button>)}
    </div>
  );
}
