import type { Log, LogFields, LogLevel } from '../log.ts';
import type { Simulation } from './simulation.ts';

/** A line that a simulated process logged. */
export interface SimLogLine {
  atMs: number;
  host: string;
  level: LogLevel;
  text: string;
  fields: LogFields;
}

/** Lines go to {@link Simulation.logLines} with the virtual time and the host. */
export function createSimLog(simulation: Simulation, host: string, bound: LogFields = {}): Log {
  const at =
    (level: LogLevel) =>
    (text: string, fields: LogFields = {}): void => {
      simulation.addLogLine({ atMs: simulation.nowMs, host, level, text, fields: { ...bound, ...fields } });
    };
  return {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => createSimLog(simulation, host, { ...bound, ...fields }),
    isEnabled: () => true,
  };
}
