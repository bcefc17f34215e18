// The editor's colours, in the house's own and with enough contrast on its backgrounds.

export const EDITOR_THEMES = { light: 'tidegate-light', dark: 'tidegate-dark' };

const CLEAR = '#ffffff00';
const SHADES = {
  light: { card: '#ffffff', sea: '#0b6074', wash: '#0b60741a', quiet: '#4b606c', comment: '3d6b35', argument: '5551c4' },
  dark: { card: '#1d2c35', sea: '#5fc1d7', wash: '#5fc1d726', quiet: '#9fb3be', comment: '93bf86', argument: 'a6a1ff' },
};

function theme(name) {
  const { card, sea, wash, quiet, comment, argument } = SHADES[name];
  const on = (colour, ...keys) => Object.fromEntries(keys.map(key => [key, colour]));
  return {
    base: name === 'dark' ? 'vs-dark' : 'vs',
    inherit: true,
    rules: [{ token: 'argument.identifier.gql', foreground: argument }, { token: 'comment', foreground: comment }, { token: 'comment.gql', foreground: comment }],
    colors: {
      ...on(CLEAR, 'editor.background', 'scrollbar.shadow'),
      ...on(quiet, 'editorLineNumber.foreground', 'editorLineNumber.dimmedForeground'),
      ...on(sea, 'textLink.foreground', 'textLink.activeForeground', 'editorLink.activeForeground', 'list.highlightForeground', 'list.focusHighlightForeground', 'editorSuggestWidget.selectedForeground', 'focusBorder', 'menu.selectionForeground', 'pickerGroup.foreground'),
      ...on(card, 'editorHoverWidget.background', 'menu.background', 'editorSuggestWidget.background', 'quickInput.background', 'editorWidget.background'),
      ...on(wash, 'list.hoverBackground', 'editorSuggestWidget.selectedBackground', 'toolbar.hoverBackground', 'quickInputList.focusBackground', 'menu.selectionBackground'),
    },
  };
}

/** Makes both known to the editor and puts the one in front that the page is in. */
export function defineEditorThemes(monaco, current) {
  for (const [name, key] of Object.entries(EDITOR_THEMES)) monaco.editor.defineTheme(key, theme(name));
  const dark = current === 'dark' || (current === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
  monaco.editor.setTheme(EDITOR_THEMES[dark ? 'dark' : 'light']);
}
