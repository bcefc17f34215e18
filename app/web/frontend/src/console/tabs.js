// GraphiQL marks a list item that holds two buttons as a tab, which screen readers cannot enter. Until it does otherwise,
// its tabs are told to be what they are: a list of buttons of which one is current.

/** Brings the current tab into sight without moving the page. */
export function showCurrentTab() {
  const item = document.querySelector('.graphiql-tab-active');
  const list = item?.closest('.graphiql-tabs');
  if (!list) return;
  const { left, right } = item.getBoundingClientRect();
  const frame = list.getBoundingClientRect();
  if (left < frame.left) list.scrollLeft -= frame.left - left;
  else if (right > frame.right) list.scrollLeft += right - frame.right;
}

export function mendTabs() {
  const mend = () => {
    for (const list of document.querySelectorAll('.graphiql-tabs[role=tablist]')) list.removeAttribute('role');
    for (const item of document.querySelectorAll('.graphiql-tab')) {
      const active = item.classList.contains('graphiql-tab-active');
      for (const name of ['role', 'aria-selected']) if (item.hasAttribute(name)) item.removeAttribute(name);
      const button = item.querySelector('.graphiql-tab-button');
      if (!button) continue;
      if (active && button.getAttribute('aria-current') !== 'true') button.setAttribute('aria-current', 'true');
      if (!active && button.hasAttribute('aria-current')) button.removeAttribute('aria-current');
      const close = item.querySelector('.graphiql-tab-close');
      const label = `Close ${button.textContent}`;
      if (close && close.getAttribute('aria-label') !== label) close.setAttribute('aria-label', label);
    }
    const panel = document.getElementById('graphiql-session');
    if (panel?.getAttribute('role') === 'tabpanel') panel.setAttribute('role', 'group');
  };
  const observer = new MutationObserver(mend);
  observer.observe(document.getElementById('root'), { subtree: true, childList: true, attributeFilter: ['role', 'aria-selected', 'class'] });
  mend();
  return () => observer.disconnect();
}
