import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError, asApiError } from '@/api/errors';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { Loading } from '@/ui/Loading';
import type { WorkbenchProps } from './Workbench';

let loaded: ComponentType<WorkbenchProps> | undefined;

/** The workbench, whose chunk (editor, YAML, differences) is loaded when an agent is first opened. */
export function LazyWorkbench(props: WorkbenchProps) {
  const [Workbench, setWorkbench] = useState<ComponentType<WorkbenchProps> | undefined>(() => loaded);
  const [fault, setFault] = useState<ApiError>();
  useEffect(() => {
    if (Workbench !== undefined) return;
    import('./Workbench').then(
      (module) => {
        loaded = module.Workbench;
        setWorkbench(() => module.Workbench);
      },
      (error: unknown) => setFault(new ApiError('OFFLINE', asApiError(error).message)),
    );
  }, []);
  if (fault !== undefined) return <ErrorNotice error={fault} onRetry={() => location.reload()} />;
  return Workbench === undefined ? <Loading /> : <Workbench {...props} />;
}
