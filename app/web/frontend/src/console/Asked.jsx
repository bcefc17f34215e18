// The question's variables as fields, so that nobody has to write JSON to ask about another country.

import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useMemo, useState } from 'react';
import { fieldsOf, withField } from '../model/variables.js';
import { label } from '../model/tables.js';

export function Asked() {
  const actions = useGraphiQLActions();
  const { tab, facts, operationName, editor } = useGraphiQL(state => ({
    tab: state.tabs[state.activeTabIndex], facts: state.documentAST, operationName: state.operationName, editor: state.variableEditor,
  }));
  const fields = useMemo(() => fieldsOf(facts, operationName, tab?.variables), [facts, operationName, tab?.variables]);
  const [typed, setTyped] = useState({});
  useEffect(() => setTyped({}), [tab?.id, operationName]);
  if (!fields?.length || !editor) return null;
  const ask = event => {
    event.preventDefault();
    let variables = editor.getValue();
    for (const field of fields) if (field.name in typed) variables = withField(variables, field, typed[field.name]);
    editor.setValue(variables);
    setTyped({});
    actions.stop();
    actions.run();
  };
  return (
    <form className="asked" onSubmit={ask} aria-label="The question">
      {fields.map(field => {
        const value = typed[field.name] ?? field.value;
        const change = next => setTyped({ ...typed, [field.name]: next });
        return (
          <label key={field.name} title={`${field.name}: ${field.type}`}>{label(field.name)}{' '}
            {field.kind === 'checkbox'
              ? <input type="checkbox" checked={value === true} onChange={event => change(event.target.checked)} />
              : <input type={field.kind} name={field.name} value={value ?? ''} required={field.required} autoComplete="off" spellCheck={false}
                  size={Math.min(16, Math.max(6, String(value ?? '').length + 1))} onChange={event => change(event.target.value)} />}
          </label>
        );
      })}
      <button type="submit" className="button">Ask</button>
    </form>
  );
}
