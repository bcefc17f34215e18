// The console's page: GraphiQL with the saved operations, tables and charts around it.

import 'graphiql/setup-workers/vite';
import { explorerPlugin } from '@graphiql/plugin-explorer';
import { useGraphiQL, useGraphiQLActions, useMonaco } from '@graphiql/react';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { currentSession, loadSession, onSessionChange } from '../net/session.js';
import { Header, useTheme } from '../ui/Header.jsx';
import { Page } from '../ui/Page.jsx';
import { defineEditorThemes, EDITOR_THEMES } from './editorThemes.js';
import { fetcher, front } from './fetcher.js';
import { LIBRARY_PLUGIN, prepare } from './Library.jsx';
import { ResultPanel } from './ResultPanel.jsx';
import { mendTabs, showCurrentTab } from './tabs.js';
import 'graphiql/style.css';
import '@graphiql/plugin-explorer/style.css';
import '../ui/page.css';
import './console.css';

/** The result gets more room than GraphiQL would give it, until the reader moves the bars. */
function firstSizes() {
  try {
    for (const [key, share] of [['graphiql:docExplorerFlex', '0.27'], ['graphiql:editorFlex', '0.62']]) {
      if (localStorage.getItem(key) === null) localStorage.setItem(key, share);
    }
    return localStorage.getItem('graphiql:tabState') !== null;
  } catch {
    return false;
  }
}

const PLUGINS = [LIBRARY_PLUGIN, explorerPlugin(), HISTORY_PLUGIN];

function Console() {
  const theme = useTheme();
  const [operations, setOperations] = useState(null);
  const [returning] = useState(firstSizes);
  useEffect(() => {
    fetch('/console/operations')
      .then(answer => answer.json())
      .then(saved => setOperations(prepare(saved)), () => setOperations(prepare([])));
  }, []);
  if (!operations) return <p className="wait" role="status">Loading…</p>;
  const tabs = operations.map(({ query, sample }) => ({ query, variables: sample }));
  return (
    <GraphiQL
      fetcher={fetcher}
      plugins={PLUGINS}
      visiblePlugin={LIBRARY_PLUGIN}
      forcedTheme={theme}
      editorTheme={EDITOR_THEMES}
      shouldPersistHeaders={false}
      defaultEditorToolsVisibility="variables"
      defaultTabs={tabs.length ? tabs : undefined}
      initialVariables={returning ? undefined : tabs[0]?.variables}
      maxHistoryLength={50}
    >
      <GraphiQL.Logo><Front /></GraphiQL.Logo>
      <GraphiQL.Footer><ResultPanel /></GraphiQL.Footer>
    </GraphiQL>
  );
}

/** Draws nothing: keeps the fetcher told which tab is in front, and GraphiQL in the house's manners. */
function Front() {
  const tab = useGraphiQL(state => state.tabs[state.activeTabIndex]?.id);
  front.tab = tab;
  const monaco = useMonaco(state => state.monaco);
  const theme = useTheme();
  useEffect(() => { if (monaco) defineEditorThemes(monaco, theme); }, [monaco, theme]);
  const { stop } = useGraphiQLActions();
  useEffect(() => stop, [stop]);
  useEffect(mendTabs, []);
  useEffect(showCurrentTab, [tab]);
  return null;
}

/** What one person typed and got is not shown to the next one who signs in on this page. */
let subject = null;
onSessionChange(() => {
  const session = currentSession();
  if (session.phase !== 'in') return;
  const next = `${session.organisation?.name} ${session.subject}`;
  if (subject && subject !== next) location.reload();
  subject = next;
});

loadSession();
createRoot(document.getElementById('root')).render(
  <Page>
    <div className="shell">
      <Header page="console" />
      <main aria-label="Console"><Console /></main>
    </div>
  </Page>,
);
