import { useState } from 'preact/hooks';
import { words } from '@/words';
import { Button } from './Button';
import { formatNumber } from './format';

const FOLDED = 1_200;

/**
 * Text of a person, a model or a tool: only ever text, in its own direction, which the words around it do not share.
 * A long one is folded.
 */
export function PlainText({ text, foldAt = FOLDED }: { text: string; foldAt?: number }) {
  const [isOpen, setOpen] = useState(false);
  const { common } = words.value;
  const isLong = text.length > foldAt * 1.25;
  return (
    <div class="plain">
      <p dir="auto" class="plain-text">
        {isLong && !isOpen ? `${cut(text, foldAt)} …` : text}
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
