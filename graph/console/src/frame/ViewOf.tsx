import type { ComponentType } from 'preact';
import { useErrorBoundary, useState, useEffect } from 'preact/hooks';
import { ApiError, asApiError } from '@/api/errors';
import type { ViewName } from '@/state/router';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { Loading } from '@/ui/Loading';
import { words } from '@/words';

/** Each view is a chunk of its own, loaded when it is first shown. */
const LOADERS: Record<ViewName, () => Promise<{ View: ComponentType }>> = {
  talk: () => import('@/talk/View'),
  conversations: () => import('@/conversations/View'),
  agents: () => import('@/agents/View'),
  overview: () => import('@/overview/View'),
  keys: () => import('@/keys/View'),
};

const loaded = new Map<ViewName, ComponentType>();

/** A view by its name. A fault in it is said in its place; the navigation goes on. */
export function ViewOf({ name }: { name: ViewName }) {
  const [fault, setFault] = useState<ApiError>();
  const [crash, reset] = useErrorBoundary((error: unknown) => console.error(error));
  const [View, setView] = useState<ComponentType | undefined>(() => loaded.get(name));
  useEffect(() => {
    if (View !== undefined) return;
    LOADERS[name]().then(
      (module) => {
        loaded.set(name, module.View);
        setView(() => module.View);
      },
      // A newer version of the console has other file names: only loading the page again helps.
      (error: unknown) => setFault(new ApiError('OFFLINE', asApiError(error).message)),
    );
  }, [name]);
  if (crash !== undefined) {
    return <ErrorNotice error={new ApiError('CONSOLE', words.value.errors.crashed)} onRetry={reset} />;
  }
  if (fault !== undefined) return <ErrorNotice error={fault} onRetry={() => location.reload()} />;
  return View === undefined ? <Loading /> : <View />;
}
