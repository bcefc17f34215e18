// An operation's plain variables as fields of a form, and a field's text back as JSON.

import { Kind } from 'graphql';

const KINDS = { Int: 'number', Boolean: 'checkbox', Date: 'date' };
const PAGING = new Set(['after', 'before']);

/** [{name, type, kind, required, value}] of the variables that are one scalar each; null while the JSON cannot be read
    or the document is not the operation's. Enumerations and unknown scalars are text. */
export function fieldsOf(document, operationName, json) {
  const operation = document?.definitions.find(
    node => node.kind === Kind.OPERATION_DEFINITION && (!operationName || node.name?.value === operationName),
  );
  const values = read(json);
  if (!operation || !values) return null;
  return (operation.variableDefinitions ?? []).flatMap(({ variable, type, defaultValue }) => {
    const named = type.kind === Kind.NON_NULL_TYPE ? type.type : type;
    const name = variable.name.value;
    if (named.kind !== Kind.NAMED_TYPE || /Input$|^JSON$/.test(named.name.value) || PAGING.has(name)) return [];
    const value = values[name] ?? (defaultValue && 'value' in defaultValue ? defaultValue.value : undefined);
    if (value !== undefined && typeof value === 'object') return [];
    return [{
      name,
      type: named.name.value,
      kind: KINDS[named.name.value] ?? 'text',
      required: type.kind === Kind.NON_NULL_TYPE && !defaultValue && named.name.value !== 'Boolean',
      value,
    }];
  });
}

/** The variables as JSON with this field's text in place; an empty text takes the variable out. */
export function withField(json, field, text) {
  const values = read(json) ?? {};
  if (text === '' || text === null) delete values[field.name];
  else values[field.name] = field.kind === 'number' ? Number(text) : typeof text === 'string' ? text.trim() : text;
  return JSON.stringify(values, null, 2);
}

function read(json) {
  if (!json?.trim()) return {};
  try {
    const values = JSON.parse(json);
    return values !== null && typeof values === 'object' && !Array.isArray(values) ? values : null;
  } catch {
    return null;
  }
}
