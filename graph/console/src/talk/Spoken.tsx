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
  return (
    <div class="spoken">
      <PlainText
        text={text}
        draw={(shown) => (
          <>
            <span>{shown.slice(0, split)}</span>
            {shown.length > split && <Behind text={shown.slice(split)} isUnheard={unheardFrom !== undefined} />}
          </>
        )}
      />
    </div>
  );
}

function Behind({ text, isUnheard }: { text: string; isUnheard: boolean }) {
  if (!isUnheard) return <span class="coming">{text}</span>;
  return (
    <del class="unheard">
      <span class="visually-hidden"> {words.value.talk.unheard} </span>
      {text}
    </del>
  );
}
