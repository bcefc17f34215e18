// The saved operations as a list to click: opens the operation's tab, and runs what only reads.

import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { parse } from 'graphql';
import { useEffect, useMemo, useState } from 'react';

const KINDS = { query: 'Query', subscription: 'Live', mutation: 'Change' };
let operations = [];

/** The operations of the gateway with the text of their tabs: a heading, a description, the document. Questions come
    first, then what is live, then what changes something. */
export function prepare(saved) {
  const order = Object.keys(KINDS);
  operations = saved.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind)).map(operation => {
    const heading = [operation.title, operation.description].filter(Boolean).flatMap(line => wrap(line)).map(line => `# ${line}`);
    return {
      ...operation,
      operationName: nameIn(operation.document),
      query: `${heading.join('\n')}\n${operation.document}`,
      sample: Object.keys(operation.variables).length ? JSON.stringify(operation.variables, null, 2) : '',
    };
  });
  return operations;
}

function nameIn(document) {
  try {
    return parse(document).definitions.find(node => node.kind === 'OperationDefinition')?.name?.value ?? null;
  } catch {
    return null;
  }
}

function wrap(line) {
  const lines = [''];
  for (const word of line.split(/\s+/)) {
    if (lines.at(-1).length + word.length > 72) lines.push('');
    lines[lines.length - 1] += (lines.at(-1) && ' ') + word;
  }
  return lines;
}

export const LIBRARY_PLUGIN = { title: 'Saved operations', icon: LibraryIcon, content: Library };

function LibraryIcon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" aria-hidden="true">
      <path d="M5 4v16M9.500 4v16M14 4.300l5.500 15.300" />
    </svg>
  );
}

function Library() {
  const actions = useGraphiQLActions();
  const { tabs, active, queryEditor, variableEditor, ready, operationName, facts } = useGraphiQL(state => ({
    tabs: state.tabs, active: state.activeTabIndex, queryEditor: state.queryEditor, variableEditor: state.variableEditor,
    ready: Boolean(state.queryEditor && state.variableEditor && state.responseEditor),
    operationName: state.operationName, facts: state.documentAST,
  }));
  const [wanted, setWanted] = useState(null);
  const [pending, setPending] = useState(null);
  const [search, setSearch] = useState('');
  const current = tabs[active];

  // The editor works out the operation's name a moment after its text has changed; running before would name the old one.
  useEffect(() => {
    if (!pending || !facts || operationName !== pending) return undefined;
    const timer = setTimeout(() => { setPending(null); actions.run(); }, 0);
    return () => clearTimeout(timer);
  }, [pending, operationName, facts]);

  // A click may come before the editor is there; a tab changed then would keep the text of the first one.
  useEffect(() => {
    if (!wanted || !ready) return;
    setWanted(null);
    open(wanted);
  }, [wanted, ready]);

  const open = operation => {
    const at = tabs.findIndex(tab => tab.operationName === operation.operationName);
    actions.stop();
    if (at >= 0 && at !== active) actions.changeTab(at);
    if (at < 0) {
      actions.addTab();
      queryEditor?.setValue(operation.query);
      variableEditor?.setValue(operation.sample);
    }
    setPending(operation.kind === 'mutation' ? null : operation.operationName);
    if (matchMedia('(max-width: 760px)').matches) document.getElementById('graphiql-session')?.scrollIntoView();
  };

  const found = useMemo(() => {
    const wanted = search.trim().toLowerCase();
    return operations.filter(one => !wanted || `${one.title} ${one.description}`.toLowerCase().includes(wanted));
  }, [search]);

  return (
    <div className="library">
      <h2>Saved operations</h2>
      <p className="hint">Click one: what only reads runs at once, a change waits for your go.</p>
      <input type="search" aria-label="Find a saved operation" placeholder="Find…" value={search} onChange={event => setSearch(event.target.value)} />
      <ul>
        {found.map(operation => (
          <li key={operation.name}>
            <button type="button" aria-current={current?.operationName === operation.operationName || undefined} onClick={() => setWanted(operation)}>
              <span className="title">{operation.title}</span>
              <span className="kind" data-kind={operation.kind}>{KINDS[operation.kind]}</span>
              <span className="about">{operation.description}</span>
            </button>
          </li>
        ))}
      </ul>
      {!found.length && <p className="empty">{operations.length ? 'No saved operation has these words.' : 'This gateway has no saved operations.'}</p>}
    </div>
  );
}
