import { navigate, pathTo } from '@/state/router';
import { Button } from '@/ui/Button';
import { words } from '@/words';
import { sessionId, startOver } from './store';

/** What can be done with the conversation as a whole. */
export function Actions() {
  const text = words.value.talk;
  const id = sessionId.value;
  if (id === undefined) return null;
  return (
    <>
      <Button icon="conversations" kind="quiet" onClick={() => navigate(pathTo('conversations', id))}>
        {text.openConversation}
      </Button>
      <Button onClick={() => void startOver()}>{text.startOver}</Button>
    </>
  );
}
