import { route } from '@/state/router';
import { ConversationView } from './ConversationView';
import { ListView } from './ListView';

/** The list of conversations, or one of them. */
export function View() {
  const { id } = route.value;
  return id === undefined ? <ListView /> : <ConversationView id={id} key={id} />;
}
