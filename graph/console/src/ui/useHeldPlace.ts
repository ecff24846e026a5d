import type { Virtualizer } from '@tanstack/virtual-core';
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

interface Place {
  key: string;
  index: number;
  /** Of the list's top below the item's, in px. */
  offset: number;
  /** Where the list was scrolled to; elsewhere since then, it was scrolled by somebody. */
  scrollTop: number;
}

/**
 * Keeps what is being read where it is when items come or go before it, or turn out to be higher than was thought.
 *
 * `isFree`: whether the list may stay at its beginning instead, so that new items there are seen at once.
 */
export function useHeldPlace(
  box: RefObject<HTMLElement | null>,
  virtualizer: Virtualizer<HTMLElement, HTMLElement>,
  items: readonly unknown[],
  keyOf: (index: number) => string,
  isFree: (element: HTMLElement) => boolean,
): void {
  const place = useRef<Place>(undefined);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const held = place.current;
    if (held !== undefined && held.scrollTop === element.scrollTop && !isFree(element)) {
      const isThere = held.index < items.length && keyOf(held.index) === held.key;
      const index = isThere ? held.index : items.findIndex((_, each) => keyOf(each) === held.key);
      const start = virtualizer.measurementsCache[index]?.start;
      if (start !== undefined) {
        if (start + held.offset !== element.scrollTop) element.scrollTop = start + held.offset;
        place.current = { ...held, index, scrollTop: element.scrollTop };
        return;
      }
    }
    const { scrollTop } = element;
    const first = virtualizer.getVirtualItems().find((each) => each.end > scrollTop);
    place.current = first && { key: String(first.key), index: first.index, offset: scrollTop - first.start, scrollTop };
  });
}
