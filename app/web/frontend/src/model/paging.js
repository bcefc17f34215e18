// Rewrites an operation so that one of its connections can be read page by page, whatever its author selected.

import { Kind, parse, print, visit } from 'graphql';

const CURSOR = 'tidegateAfter';
const name = value => ({ kind: Kind.NAME, value });
const field = (value, selections) => ({
  kind: Kind.FIELD,
  name: name(value),
  ...(selections && { selectionSet: { kind: Kind.SELECTION_SET, selections } }),
});
const key = node => node.alias?.value ?? node.name.value;

/** {document, variable} for the connection at the dotted path of response keys, or null where it cannot be paged: it is
    not found directly (it stands in a fragment), or it is read backwards. */
export function pagedDocument(source, operationName, path) {
  const document = parse(source);
  const chosen = document.definitions.find(
    node => node.kind === Kind.OPERATION_DEFINITION && (!operationName || node.name?.value === operationName),
  );
  if (!chosen || chosen.operation !== 'query') return null;
  let target = null;
  let selections = chosen.selectionSet.selections;
  for (const step of path.split('.')) {
    target = selections.find(node => node.kind === Kind.FIELD && key(node) === step);
    if (!target?.selectionSet) return null;
    selections = target.selectionSet.selections;
  }
  const given = argument => target.arguments?.find(node => node.name.value === argument);
  if (given('last') || given('before')) return null;
  const own = given('after')?.value;
  const variable = own?.kind === Kind.VARIABLE ? own.name.value : CURSOR;
  const paged = visit(document, {
    Field(node) {
      if (node !== target) return undefined;
      const others = (node.arguments ?? []).filter(one => one.name.value !== 'after');
      const after = { kind: Kind.ARGUMENT, name: name('after'), value: { kind: Kind.VARIABLE, name: name(variable) } };
      const info = { ...field('pageInfo', [field('hasNextPage'), field('endCursor')]), alias: name('tidegatePage') };
      const kept = node.selectionSet.selections.filter(one => !(one.kind === Kind.FIELD && one.name.value === 'totalCount'));
      return {
        ...node,
        arguments: [...others, after],
        selectionSet: { ...node.selectionSet, selections: [...kept, info] },
      };
    },
    OperationDefinition: {
      leave(node) {
        if (variable !== CURSOR || node.name?.value !== chosen.name?.value) return undefined;
        const definition = {
          kind: Kind.VARIABLE_DEFINITION,
          variable: { kind: Kind.VARIABLE, name: name(CURSOR) },
          type: { kind: Kind.NAMED_TYPE, name: name('String') },
        };
        return { ...node, variableDefinitions: [...(node.variableDefinitions ?? []), definition] };
      },
    },
  });
  return { document: print(paged), variable };
}

/** The page information that `pagedDocument` asked for, taken out of the answer. */
export function takePage(data, path) {
  const connection = path.split('.').reduce((value, step) => value?.[step], data);
  const page = connection?.tidegatePage ?? null;
  if (connection) delete connection.tidegatePage;
  return page;
}
