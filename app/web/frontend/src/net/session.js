// Who is signed in. The token itself lives in a cookie that no script can read; here is only what goes beside it.

const CSRF_HEADER = 'X-Tidegate-CSRF';
const listeners = new Set();
let state = { phase: 'loading' };

/** {phase: loading | out | in | broken, subject, scopes, expiresAt, organisation, reason} */
export const currentSession = () => state;

export function onSessionChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function become(next) {
  state = next;
  for (const listener of listeners) listener();
}

/** The headers of a request that counts as the signed-in person's. */
export const sessionHeaders = () => (state.csrf ? { [CSRF_HEADER]: state.csrf } : {});

export async function loadSession() {
  try {
    const answer = await fetch('/console/session', { headers: { Accept: 'application/json' } });
    const found = await answer.json();
    if (!answer.ok) throw new Error(found.errors?.[0]?.message ?? `HTTP ${answer.status}`);
    await enter(found);
  } catch (error) {
    become({ phase: 'broken', reason: error.message });
  }
}

/** Signs in; throws an Error whose message can be shown. */
export async function signIn(token, remember) {
  const answer = await fetch('/console/session', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify({ token, remember }),
  }).catch(() => { throw new Error('The gateway does not answer. Is it still running?'); });
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(found.errors?.[0]?.message ?? `HTTP ${answer.status}`);
  await enter(found);
}

export async function signOut() {
  await fetch('/console/session', { method: 'DELETE', headers: sessionHeaders() }).catch(() => null);
  become({ phase: 'out' });
}

/** The gateway no longer takes the cookie: say so and ask for a token. */
export function expire(reason) {
  if (state.phase === 'in') become({ phase: 'out', reason });
}

async function enter(found) {
  if (!found.signedIn) { become({ phase: 'out', reason: found.reason }); return; }
  state = { ...state, csrf: found.csrf };
  const organisation = await viewersOrganisation();
  become({ phase: 'in', organisation, ...found });
}

async function viewersOrganisation() {
  try {
    const answer = await fetch('/graphql', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/graphql-response+json', ...sessionHeaders() },
      body: JSON.stringify({ query: '{ viewer { organisation { name kind } } }' }),
    });
    return (await answer.json()).data?.viewer?.organisation ?? null;
  } catch {
    return null;
  }
}
