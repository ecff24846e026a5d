import { pathTo } from '@/state/router';
import { Link } from '@/ui/Link';
import { Page } from '@/ui/Page';
import { words } from '@/words';
import { LazyWorkbench } from './LazyWorkbench';

/** A new agent, begun from a definition that already works. */
export function NewAgent() {
  const text = words.value.agents;
  return (
    <Page heading={text.newHeading}>
      <p>
        <Link to={pathTo('agents')}>{text.all}</Link>
      </p>
      <LazyWorkbench
        name=""
        published={undefined}
        opened={{ definition: text.template }}
        isEarlier={false}
        isArchived={false}
        onChanged={() => undefined}
      />
    </Page>
  );
}
