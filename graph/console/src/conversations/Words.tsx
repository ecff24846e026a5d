import { PlainText } from '@/ui/PlainText';
import { words } from '@/words';

export interface WordsProps {
  text: string;
  /** Characters that are being heard: [from, to). */
  lit?: [number, number] | undefined;
  /** From this character on it was never heard. */
  unheardFrom?: number | undefined;
}

/** What was said: what is being heard is lit, what was not heard of a reply is struck through. */
export function Words({ text, lit, unheardFrom }: WordsProps) {
  if (lit === undefined && unheardFrom === undefined) return <PlainText text={text} />;
  const [from, to] = lit ?? [0, 0];
  const end = unheardFrom ?? Number.POSITIVE_INFINITY;
  return (
    <PlainText
      text={text}
      draw={(shown) => {
        const edges = [...new Set([0, from, to, end, shown.length])].filter((each) => each <= shown.length);
        const inOrder = edges.sort((a, b) => a - b);
        return inOrder.slice(0, -1).map((start, index) => {
          const part = shown.slice(start, inOrder[index + 1]);
          const isLit = start >= from && start < to;
          if (start < end) return isLit ? <mark key={start} class="lit">{part}</mark> : <span key={start}>{part}</span>;
          return (
            <del key={start} class="unheard">
              {start === end && <span class="visually-hidden"> {words.value.conversations.unheard} </span>}
              {isLit ? <mark class="lit">{part}</mark> : part}
            </del>
          );
        });
      }}
    />
  );
}
