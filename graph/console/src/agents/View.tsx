import { place, route } from '@/state/router';
import { AgentList } from './AgentList';
import { AgentPage } from './AgentPage';
import { NewAgent } from './NewAgent';

/** The agents, or one of them: `/agents/<name>`, with `?version=` an earlier version or a draft; `?new=yes`: a new one. */
export function View() {
  const { id } = route.value;
  const { query } = place.value;
  if (id === undefined) return query.has('new') ? <NewAgent /> : <AgentList />;
  const version = Number(query.get('version')) || undefined;
  return <AgentPage key={`${id}/${version ?? ''}`} name={id} version={version} />;
}
