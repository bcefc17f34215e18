// The colour scheme: the reader's choice, else the system's. Runs before anything is drawn.

const KEY = 'tidegate:theme';
const listeners = new Set();

export const THEMES = ['system', 'light', 'dark'];

export function currentTheme() {
  try {
    const kept = localStorage.getItem(KEY);
    return THEMES.includes(kept) ? kept : 'system';
  } catch {
    return 'system';
  }
}

export function chooseTheme(theme) {
  try { localStorage.setItem(KEY, theme); } catch { /* private windows may refuse; the choice then lasts for this page */ }
  show(theme);
  for (const listener of listeners) listener();
}

export function onThemeChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function show(theme) {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

show(currentTheme());
