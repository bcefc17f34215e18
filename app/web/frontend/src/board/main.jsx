// The board: entries on their way through the port, as they move. Reads a picture once, then follows the events.

import { useEffect, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { loadSession } from '../net/session.js';
import { Header } from '../ui/Header.jsx';
import { Page } from '../ui/Page.jsx';
import { Status, tone, words } from '../ui/cell.jsx';
import { LANES, openBoard } from './model.js';
import { useMoves } from './moves.js';
import '../ui/page.css';
import './board.css';

const MOST_CARDS = 12;

function Board() {
  const [importer, setImporter] = useState('');
  const [picture, setPicture] = useState(null);
  const [importers, setImporters] = useState([]);
  useEffect(() => {
    setPicture(null);
    return openBoard(importer || null, next => {
      setPicture(next);
      setImporters(known => merged(known, next.importers));
    });
  }, [importer]);
  const now = useNow();
  const lanes = useMoves(picture?.version ?? 0);
  if (picture?.fault && !picture.loaded) return <p className="board-fault" role="alert">{picture.fault}</p>;
  return (
    <>
      <div className="board-bar">
        <h2>Entries moving through the port</h2>
        <Connection phase={picture?.phase} moved={picture?.moved ?? 0} />
        <label>Importer <select value={importer} onChange={event => setImporter(event.target.value)}>
          <option value="">All importers</option>
          {importers.map(one => <option key={one.id} value={one.id}>{one.name}</option>)}
        </select></label>
      </div>
      {picture?.fault && <p className="board-fault" role="alert">{picture.fault}</p>}
      <Counts counts={picture?.counts} />
      <div className="board">
        <div className="lanes" ref={lanes}>
          {LANES.map(lane => <Lane key={lane.name} lane={lane} picture={picture} now={now} />)}
        </div>
        <Events events={picture?.events} now={now} />
      </div>
    </>
  );
}

function Connection({ phase, moved }) {
  if (!phase || phase === 'loading') return <span className="quiet" role="status"><span className="spinner" aria-hidden="true" />Loading…</span>;
  if (phase === 'ended') return <span className="quiet" role="status">Not live</span>;
  return (
    <span className="connection" role="status">
      <span className="live" data-broken={phase === 'live' ? undefined : ''}>{phase === 'live' ? 'Live' : 'Reconnecting…'}</span>
      <span className="quiet">{moved === 0 ? 'waiting for the next move' : `${moved.toLocaleString()} ${moved === 1 ? 'move' : 'moves'} since you came`}</span>
    </span>
  );
}

function Counts({ counts }) {
  return (
    <dl className="counts" aria-label="Entries by status">
      {LANES.flatMap(lane => lane.statuses).map(status => (
        <div key={status} data-tone={tone(status)} data-status={status}>
          <dt>{words(status)}</dt><dd>{counts ? counts[status].toLocaleString() : '–'}</dd>
        </div>
      ))}
    </dl>
  );
}

function Lane({ lane, picture, now }) {
  const entries = useMemo(
    () => (picture?.entries ?? []).filter(entry => lane.statuses.includes(entry.status)).sort((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1)),
    [picture, lane],
  );
  const total = picture?.counts ? lane.statuses.reduce((sum, status) => sum + picture.counts[status], 0) : null;
  return (
    <section className="lane" aria-label={lane.name} data-lane={lane.name}>
      <h3>{lane.name} <small>{total ?? ''}</small></h3>
      <ul>
        {entries.slice(0, MOST_CARDS).map(entry => (
          <li key={entry.id} data-entry={entry.id} className={entry.moved ? 'moved' : undefined}>
            <span className="number">{entry.entryNumber}</span> <Status value={entry.status} />
            <span className="where">{entry.port?.name}{entry.shipment?.reference && ` · ${entry.shipment.reference}`}</span>
            <span className="where">{entry.importer?.name}<Ago at={entry.updatedAt} now={now} /></span>
          </li>
        ))}
      </ul>
      {picture && entries.length === 0 && <p className="quiet">{total ? `${total.toLocaleString()} older ones` : 'None just now.'}</p>}
      {total > Math.min(entries.length, MOST_CARDS) && entries.length > 0 && <p className="quiet">and {(total - Math.min(entries.length, MOST_CARDS)).toLocaleString()} more</p>}
    </section>
  );
}

function Events({ events, now }) {
  return (
    <section className="events" aria-label="Last events" tabIndex={0}>
      <h3>Last events</h3>
      <ol>
        {(events ?? []).map(event => (
          <li key={event.key}>
            <span className="number">{event.entryNumber}</span> <Ago at={event.occurredAt} now={now} />
            <div>{event.previousStatus && <><span className="quiet">{words(event.previousStatus)}</span> → </>}<Status value={event.status} /></div>
            {event.narrative && <p>{event.narrative}</p>}
          </li>
        ))}
      </ol>
      {events?.length === 0 && <p className="quiet">Nothing has happened yet.</p>}
    </section>
  );
}

function Ago({ at, now }) {
  const seconds = Math.max(0, (now - Date.parse(at)) / 1000);
  const [amount, unit] = seconds < 60 ? [seconds, 's'] : seconds < 3600 ? [seconds / 60, 'min'] : seconds < 86_400 ? [seconds / 3600, 'h'] : [seconds / 86_400, 'd'];
  return <time className="ago" dateTime={at} title={new Date(at).toLocaleString()}>{seconds < 5 ? 'now' : `${Math.floor(amount)} ${unit}`}</time>;
}

function useNow() {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 5_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

function merged(known, found) {
  const all = new Map([...known, ...found].map(one => [one.id, one]));
  return all.size === known.length ? known : [...all.values()].sort((a, b) => a.name.localeCompare(b.name));
}

loadSession();
createRoot(document.getElementById('root')).render(
  <Page>
    <div className="shell board-shell"><Header page="board" /><main aria-label="Live board"><Board /></main></div>
  </Page>,
);
