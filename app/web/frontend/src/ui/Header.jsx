// The bar on top of every page: where one is, who one is, and the way out.

import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { currentSession, onSessionChange, signOut } from '../net/session.js';
import { chooseTheme, currentTheme, onThemeChange, THEMES } from '../theme.js';
import icon from './icon.svg';
import { words } from './cell.jsx';

export const useSession = () => useSyncExternalStore(onSessionChange, currentSession);
export const useTheme = () => useSyncExternalStore(onThemeChange, currentTheme);

export function Brand() {
  return <span className="brand"><img src={icon} alt="" width="26" height="26" />Tidegate</span>;
}

export function Header({ page }) {
  return (
    <header className="top">
      <h1><Brand /></h1>
      <nav aria-label="Pages">
        <a href="/graphql" aria-current={page === 'console' ? 'page' : undefined}>Console</a>
        <a href="/board" aria-current={page === 'board' ? 'page' : undefined}>Live board</a>
      </nav>
      <Identity />
    </header>
  );
}

function Identity() {
  const session = useSession();
  const theme = useTheme();
  const [open, setOpen] = useState(false);
  const box = useRef(null);
  const button = useRef(null);
  useEffect(() => {
    if (!open) return undefined;
    const away = event => { if (!box.current?.contains(event.target)) setOpen(false); };
    const escape = event => { if (event.key === 'Escape') { setOpen(false); button.current?.focus(); } };
    document.addEventListener('pointerdown', away);
    document.addEventListener('keydown', escape);
    return () => { document.removeEventListener('pointerdown', away); document.removeEventListener('keydown', escape); };
  }, [open]);
  return (
    <div className="identity" ref={box}>
      <button ref={button} type="button" aria-expanded={open} aria-controls="who" onClick={() => setOpen(!open)}>
        <span className="who"><b>{session.organisation?.name ?? session.subject}</b><small>{session.subject} · {session.scopes.length} {session.scopes.length === 1 ? 'scope' : 'scopes'} · <Expiry at={session.expiresAt} /></small></span>
        <span aria-hidden="true" className="chevron">▾</span>
      </button>
      {open && (
        <div className="card" id="who" role="region" aria-label="Who am I">
          <dl>
            <dt>Organisation</dt><dd>{session.organisation?.name ?? '—'}{session.organisation?.kind && <small> {words(session.organisation.kind).toLowerCase()}</small>}</dd>
            <dt>Signed in as</dt><dd>{session.subject}</dd>
            <dt>Expires</dt><dd>{session.expiresAt ? new Date(session.expiresAt).toLocaleString() : 'never'}</dd>
            <dt>Scopes</dt><dd><ul className="scopes">{session.scopes.map(scope => <li key={scope}><code>{scope}</code></li>)}</ul></dd>
          </dl>
          <fieldset className="themes"><legend>Colours</legend>
            {THEMES.map(name => <button key={name} type="button" aria-pressed={theme === name} onClick={() => chooseTheme(name)}>{name}</button>)}
          </fieldset>
          <button type="button" className="button" onClick={signOut}>Sign out</button>
        </div>
      )}
    </div>
  );
}

function Expiry({ at }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  if (!at) return 'never expires';
  const seconds = (Date.parse(at) - now) / 1000;
  if (seconds <= 0) return 'expired';
  const [amount, unit] = seconds < 5400 ? [seconds / 60, 'minute'] : seconds < 172_800 ? [seconds / 3600, 'hour'] : [seconds / 86_400, 'day'];
  const whole = Math.max(1, Math.round(amount));
  return <time dateTime={at}>expires in {whole} {unit}{whole === 1 ? '' : 's'}</time>;
}
