// What GraphiQL calls to run something: sends it, and leaves the result for the views beside the editor's own.

import { Kind, parse } from 'graphql';
import { execute, follow } from '../net/graphql.js';
import { addEvent, begin, runOf, update } from './results.js';

/** The tab that is in front; GraphiQL does not tell its fetcher. */
export const front = { tab: null };

function kindOf(request, ast) {
  let document = ast;
  try { document ??= parse(request.query); } catch { return 'query'; }
  const operations = document.definitions.filter(node => node.kind === Kind.OPERATION_DEFINITION);
  return (operations.find(node => node.name?.value === request.operationName) ?? operations[0])?.operation ?? 'query';
}

const plainHeaders = headers =>
  Object.fromEntries(Object.entries(headers ?? {}).filter(([, value]) => typeof value === 'string' && value.trim()));

export function fetcher(request, options = {}) {
  const headers = plainHeaders(options.headers);
  if (request.operationName === 'IntrospectionQuery') return execute(request, { headers }).then(answer => answer.body);
  const tab = front.tab;
  const kind = kindOf(request, options.documentAST);
  begin(tab, { kind, request, headers });
  return kind === 'subscription' ? subscribed(tab, request) : answered(tab, request, headers);
}

async function answered(tab, request, headers) {
  const own = runOf(tab).request;
  const current = () => runOf(tab).request === own;
  try {
    const { body, status, ms } = await execute(request, { headers });
    if (current()) update(tab, { phase: body.data === undefined ? 'failed' : 'done', payload: body, status, ms });
    return body;
  } catch (error) {
    if (current()) update(tab, { phase: 'failed', message: error.message });
    return { errors: [{ message: error.message }] };
  }
}

/** GraphiQL takes anything with `subscribe` for a stream. */
function subscribed(tab, request) {
  return {
    subscribe(observer) {
      const mine = () => runOf(tab).request === request;
      const stop = follow(request, {
        next(payload) { if (mine()) addEvent(tab, payload); observer.next(payload); },
        state(phase) { if (mine()) update(tab, { phase }); },
        error(message, errors) {
          if (mine()) update(tab, { phase: 'failed', message: errors ? undefined : message, payload: errors ? { errors } : runOf(tab).payload });
          observer.next({ errors: errors ?? [{ message }] });
          observer.complete();
        },
        complete() { if (mine()) update(tab, { phase: 'done' }); observer.complete(); },
      });
      return {
        unsubscribe() {
          stop();
          if (mine() && runOf(tab).phase !== 'failed') update(tab, { phase: 'done', stopped: true });
        },
      };
    },
  };
}
