import type { Env } from '../../env/env.ts';
import type { ProcessFacts } from '../../env/process-facts.ts';
import type { MemberView } from './admin-commands.ts';
import { AdminServer } from './admin-server.ts';
import { createMetricsServer } from './prometheus.ts';
import type { ServerCore } from './server-core.ts';

/** The ports for those who look after a server: AdminServer and metrics. */
export interface OperatorPorts {
  /** Undefined when they do not run. */
  readonly adminPort: number | undefined;
  readonly metricsPort: number | undefined;
  close(): Promise<void>;
}

export interface OperatorPortsOptions {
  readonly env: Env;
  readonly core: ServerCore;
  readonly process: ProcessFacts | undefined;
  readonly ensemble: MemberView | undefined;
}

interface Port {
  start(): Promise<void>;
  close(): Promise<void>;
  readonly port: number;
}

/**
 * Opens the ports that the configuration asks for. One that cannot be had is a warning: clients are served all the
 * same. Departs from 3.9, where a standalone server ends when the AdminServer cannot start.
 */
export async function openOperatorPorts(options: OperatorPortsOptions): Promise<OperatorPorts> {
  const { env, core } = options;
  const { config } = core;
  const admin = config.adminEnabled ? new AdminServer(options) : undefined;
  const metrics =
    config.metricsProvider === 'prometheus' ? createMetricsServer(env, config, options) : undefined;
  const hasAdmin = await tryStart(
    env,
    admin,
    'the AdminServer',
    'admin.serverPort, or admin.enableServer=false',
  );
  const hasMetrics = await tryStart(env, metrics, 'the metrics provider', 'metricsProvider.httpPort');
  return {
    adminPort: hasAdmin ? admin?.port : undefined,
    metricsPort: hasMetrics ? metrics?.port : undefined,
    async close() {
      await admin?.close();
      await metrics?.close();
    },
  };
}

async function tryStart(env: Env, port: Port | undefined, what: string, remedy: string): Promise<boolean> {
  if (port === undefined) return false;
  try {
    await port.start();
    env.log.info(`${what} listens`, { port: port.port });
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    env.log.warn(`${what} cannot listen: set another ${remedy}`, { reason });
    return false;
  }
}
