// Lets cards glide to their new place instead of jumping there.

import { useLayoutEffect, useRef } from 'react';

export function useMoves(version) {
  const lanes = useRef(null);
  const places = useRef(new Map());
  useLayoutEffect(() => {
    if (!lanes.current) return;
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const now = new Map();
    for (const card of lanes.current.querySelectorAll('[data-entry]')) {
      const { left, top } = card.getBoundingClientRect();
      const place = { left: left + scrollX, top: top + scrollY };
      now.set(card.dataset.entry, place);
      const before = places.current.get(card.dataset.entry);
      if (!calm && before && (before.left !== place.left || before.top !== place.top)) {
        card.animate(
          [{ transform: `translate(${before.left - place.left}px, ${before.top - place.top}px)`, zIndex: 2 }, { transform: 'none', zIndex: 2 }],
          { duration: 450, easing: 'cubic-bezier(.2,.8,.2,1)' },
        );
      }
    }
    places.current = now;
  }, [version]);
  return lanes;
}
