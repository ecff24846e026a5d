import { PlainText } from '@/ui/PlainText';
import { words } from '@/words';

export interface SpokenProps {
  text: string;
  /** So many characters were heard; what follows is still to come. */
  heard?: number | undefined;
  /** From here on it was never heard. */
  unheardFrom?: number | undefined;
}

/** The agent's words: those to come are faint, those that were not heard are struck through. */
export function Spoken({ text, heard, unheardFrom }: SpokenProps) {
  const split = unheardFrom ?? heard;
  if (split === undefined || split >= text.length) return <PlainText text={text} />;
  const [before, behind] = [text.slice(0, split), text.slice(split)];
  return (
    <p dir="auto" class="plain-text spoken">
      <span>{before}</span>
      {unheardFrom === undefined ? (
        <span class="coming">{behind}</span>
      ) : (
        <del class="unheard">
          <span class="visually-hidden"> {words.value.talk.unheard} </span>
          {behind}
        </del>
      )}
    </p>
  );
}
