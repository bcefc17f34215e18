// What every page shows before it has something to show.

import { useSession } from './Header.jsx';
import { SignIn } from './SignIn.jsx';
import { loadSession } from '../net/session.js';

export function Page({ children }) {
  const session = useSession();
  if (session.phase === 'loading') return <main className="wait"><p role="status"><span className="spinner" aria-hidden="true" />Loading…</p></main>;
  if (session.phase === 'broken') {
    return (
      <main className="wait">
        <p role="alert">The gateway cannot be reached: {session.reason}</p>
        <p><button type="button" className="button" onClick={loadSession}>Try again</button></p>
      </main>
    );
  }
  return session.phase === 'in' ? children : <SignIn reason={session.reason} />;
}
