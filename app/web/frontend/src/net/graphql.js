// Sends operations: queries and mutations over HTTP, subscriptions over graphql-transport-ws with resumption.

import { createClient } from 'graphql-ws';
import { expire, sessionHeaders } from './session.js';

const ENDED = new Set([4401, 4403]);
const FATAL = new Set([4400, 4406, 4429, 4500]);
const LONGEST_WAIT = 15_000;

/** The response map, with {status, ms, retryAfter} beside it. Throws an Error that can be shown where nothing came. */
export async function execute(request, { headers = {}, signal } = {}) {
  const started = performance.now();
  let answer;
  try {
    answer = await fetch('/graphql', {
      method: 'POST',
      headers: { Accept: 'application/graphql-response+json', 'Content-Type': 'application/json', ...sessionHeaders(), ...headers },
      body: JSON.stringify(request),
      signal,
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Error('The gateway does not answer. Is it still running?', { cause: error });
  }
  const body = await answer.json().catch(() => { throw new Error(`The gateway answered ${answer.status} without JSON.`); });
  if (answer.status === 401 && !headers.Authorization && !headers.authorization) {
    expire(body.errors?.[0]?.message ?? 'The session has ended.');
  }
  const retryAfter = Number(answer.headers.get('Retry-After')) || null;
  return { body, status: answer.status, ms: performance.now() - started, retryAfter };
}

/** Follows a subscription until it completes or the returned function is called.
    sink: {next(payload), state('live' | 'reconnecting'), error(message), complete()}
    Where the payload carries a `cursor` and the operation takes `$after`, a break is bridged without a gap. */
export function follow(request, sink) {
  const resumable = /\$after\s*:/.test(request.query);
  let cursor = null;
  let over = false;
  let wait = 500;
  let timer = null;
  let client = null;

  const finish = act => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    client?.dispose();
    act?.();
  };

  const open = () => {
    const variables = resumable && cursor ? { ...request.variables, after: cursor } : request.variables;
    client = createClient({
      url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`,
      retryAttempts: 0,
      lazyCloseTimeout: 0,
      on: { connected: () => { wait = 500; if (!over) sink.state?.('live'); } },
    });
    client.subscribe({ ...request, variables }, {
      next(payload) {
        if (over) return;
        const root = payload.data && Object.values(payload.data)[0];
        if (root?.cursor) cursor = root.cursor;
        sink.next(payload);
      },
      error(problem) {
        if (over) return;
        if (Array.isArray(problem)) { finish(() => sink.error(problem.map(one => one.message).join(' '), problem)); return; }
        if (ENDED.has(problem?.code)) { finish(() => { sink.error(problem.reason || 'The session has ended.'); expire(problem.reason); }); return; }
        if (FATAL.has(problem?.code)) { finish(() => sink.error(problem.reason || `The socket was closed: ${problem.code}`)); return; }
        sink.state?.('reconnecting');
        timer = setTimeout(open, wait + Math.random() * wait);
        wait = Math.min(wait * 2, LONGEST_WAIT);
      },
      complete() { finish(() => sink.complete?.()); },
    });
  };

  open();
  return () => finish();
}
