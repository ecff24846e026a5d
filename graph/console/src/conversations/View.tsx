import { Page } from '@/ui/Page';
import { words } from '@/words';

export function View() {
  return <Page heading={words.value.conversations.heading} />;
}
