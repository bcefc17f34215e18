// Asks for a token once.

import { useState } from 'react';
import { signIn } from '../net/session.js';
import { Brand } from './Header.jsx';

export function SignIn({ reason }) {
  const [token, setToken] = useState('');
  const [remember, setRemember] = useState(false);
  const [fault, setFault] = useState(null);
  const [busy, setBusy] = useState(false);
  const send = async event => {
    event.preventDefault();
    if (!token.trim()) { setFault('Paste the token first.'); return; }
    setBusy(true);
    setFault(null);
    try {
      await signIn(token, remember);
    } catch (error) {
      setFault(sentence(error.message));
      setBusy(false);
    }
  };
  return (
    <main className="sign-in">
      <form onSubmit={send}>
        <h1><Brand /></h1>
        <p>Products, shipments, customs entries and duty in one graph. Sign in with the token you were given.</p>
        {reason && !fault && <p className="notice" role="status">Your session has ended: {sentence(reason)}</p>}
        <label htmlFor="token">Token</label>
        <textarea id="token" name="token" rows={4} autoComplete="off" autoCapitalize="off" spellCheck={false} autoFocus
          aria-describedby={fault ? 'token-fault' : 'token-help'} aria-invalid={fault ? true : undefined} value={token}
          onChange={event => setToken(event.target.value)}
          onKeyDown={event => { if (event.key === 'Enter') send(event); }} />
        {fault && <p className="fault" id="token-fault" role="alert">{fault}</p>}
        <label className="check"><input type="checkbox" checked={remember} onChange={event => setRemember(event.target.checked)} /> Keep me signed in on this computer</label>
        <button type="submit" className="button primary" disabled={busy}>{busy ? 'Signing in…' : 'Sign in'}</button>
        <p className="help" id="token-help">
          <code>tidegate demo</code> prints tokens to try; <code>tidegate token</code> makes one. It is kept in a cookie that
          no script can read. <a href="/console/plain">Plain page with commands to copy</a>
        </p>
      </form>
    </main>
  );
}

const sentence = text => `${text.charAt(0).toUpperCase()}${text.slice(1)}`.replace(/([^.!?])$/, '$1.');
