import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { words } from '@/words';
import { Button } from './Button';
import { formatNumber } from './format';

const FOLDED = 1_200;

export interface PlainTextProps {
  text: string;
  /** Characters that are shown of a long text. */
  foldAt?: number;
  /** Draws what is shown, a beginning of the text, such as with marks in it. */
  draw?: (shown: string) => ComponentChildren;
}

/**
 * Text of a person, a model or a tool: only ever text, in its own direction, which the words around it do not share.
 * A long one is folded.
 */
export function PlainText({ text, foldAt = FOLDED, draw = (shown) => shown }: PlainTextProps) {
  const [isOpen, setOpen] = useState(false);
  const { common } = words.value;
  const isLong = text.length > foldAt * 1.25;
  const isFolded = isLong && !isOpen;
  return (
    <div class="plain">
      <p dir="auto" class="plain-text">
        {draw(isFolded ? cut(text, foldAt) : text)}
        {isFolded && ' …'}
      </p>
      {isLong && (
        <Button kind="quiet" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? common.showLess : common.showAll(formatNumber(text.length))}
        </Button>
      )}
    </div>
  );
}

/** The first characters, not ending in half a surrogate pair. */
const cut = (text: string, length: number): string => text.slice(0, length).replace(/[\uD800-\uDBFF]$/, '');
