import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualizerOptions,
} from '@tanstack/virtual-core';
import type { ComponentChildren, RefObject } from 'preact';
import { useLayoutEffect, useReducer, useRef } from 'preact/hooks';
import { useHeldPlace } from './useHeldPlace';

type Options = VirtualizerOptions<HTMLElement, HTMLElement>;

export interface VirtualListProps<Item> {
  label: string;
  items: readonly Item[];
  keyOf: (item: Item, index: number) => string;
  /** Draws one item; `index` as in `items`. */
  draw: (item: Item, index: number) => ComponentChildren;
  /** Height of an item in px before it was drawn; the true one is measured. */
  estimate: number;
  /** Stays at the end while items come, unless the reader has scrolled away from it. */
  sticksToEnd?: boolean;
  /** Shows new items at its beginning at once, if that is in sight and nobody points at the list or has the focus in it. */
  growsAtTop?: boolean;
  /** Called with the index of the first item in sight and of the last one that is drawn. */
  onSeen?: (first: number, last: number) => void;
  /** Called when the end comes near: to load more. */
  onEnd?: () => void;
  /** For scrollToIndex. */
  handle?: RefObject<Virtualizer<HTMLElement, HTMLElement> | null>;
}

const NEAR_END = 5;
const STICKY_PX = 48;

/** A list that draws only what is in sight, however many items it has. It fills its parent's height and scrolls itself. */
export function VirtualList<Item>(props: VirtualListProps<Item>) {
  const { label, items, keyOf, draw, estimate, sticksToEnd, growsAtTop, onSeen, onEnd, handle } = props;
  const box = useRef<HTMLDivElement>(null);
  const [, redraw] = useReducer<number, void>((round) => round + 1, 0);
  const isAtEnd = useRef(true);
  const made = useRef<Virtualizer<HTMLElement, HTMLElement>>(undefined);
  const options: Options = {
    count: items.length,
    getScrollElement: () => box.current,
    estimateSize: () => estimate,
    getItemKey: (index) => keyOf(items[index] as Item, index),
    overscan: 8,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: (virtualizer) => {
      const element = box.current;
      if (element !== null && virtualizer.isScrolling)
        isAtEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < STICKY_PX;
      redraw();
    },
  };
  const virtualizer = (made.current ??= new Virtualizer(options));
  virtualizer.setOptions(options);
  if (handle) handle.current = virtualizer;
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => virtualizer._willUpdate());
  const seen = virtualizer.getVirtualItems();
  const total = virtualizer.getTotalSize();
  useLayoutEffect(() => {
    if (sticksToEnd && isAtEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [sticksToEnd, items.length, total]);
  useHeldPlace(box, virtualizer, items, (index) => keyOf(items[index] as Item, index), (element) => {
    return growsAtTop === true && element.scrollTop === 0 && !element.matches(':hover, :focus-within');
  });
  const lastSeen = seen.at(-1)?.index ?? 0;
  useLayoutEffect(() => {
    // After the place was held: what came above it is not in sight.
    const top = box.current?.scrollTop ?? 0;
    onSeen?.(seen.find((each) => each.end > top)?.index ?? 0, lastSeen);
  });
  useLayoutEffect(() => {
    if (items.length > 0 && lastSeen >= items.length - NEAR_END) onEnd?.();
  }, [items.length, lastSeen]);
  return (
    <div ref={box} class="virtual" tabIndex={0} role="list" aria-label={label}>
      <div class="virtual-all" style={{ height: `${total}px` }} role="presentation">
        {seen.map(({ index, key, start }) => (
          <div
            key={key}
            class="virtual-item"
            role="listitem"
            aria-setsize={items.length}
            aria-posinset={index + 1}
            data-index={index}
            ref={(element: HTMLElement | null) => virtualizer.measureElement(element)}
            style={{ transform: `translateY(${start}px)` }}
          >
            {draw(items[index] as Item, index)}
          </div>
        ))}
      </div>
    </div>
  );
}
