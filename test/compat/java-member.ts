import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Daemon } from '../../tools/peers/process.ts';
import type { Toolbox } from '../../tools/peers/toolbox.ts';
import type { Workspace } from '../../tools/workspace.ts';

export interface JavaMemberOptions {
  readonly kind: 'share' | 'consumer' | 'classic';
  readonly bootstrap: string;
  readonly groupId: string;
  readonly topic: string;
}

/** A member of a group of kafka-clients 4.3 (`java/GroupMember.java`), in a process of its own. */
export class JavaMember {
  private readonly daemon: Daemon;
  private readonly logFile: string;

  private constructor(daemon: Daemon, logFile: string) {
    this.daemon = daemon;
    this.logFile = logFile;
  }

  static async start(
    toolbox: Toolbox,
    workspace: Workspace,
    { kind, bootstrap, groupId, topic }: JavaMemberOptions,
  ): Promise<JavaMember> {
    const files = ['test/compat/java/GroupMember.java'];
    const classPath = await toolbox.compileJava('group-member', await toolbox.newKafka(), files);
    const logFile = join(workspace.path, `java-${kind}-${groupId}.log`);
    const args = [kind, bootstrap, groupId, topic];
    return new JavaMember(toolbox.javaDaemon(classPath, 'GroupMember', { args, logFile }), logFile);
  }

  /** Values of the records that it has committed, with the delivery count where there is one. */
  get taken(): { value: string; deliveries: number }[] {
    return [...this.output.matchAll(/^took (\S+) (\S+)$/gm)].map(([, value = '', count = '']) => ({
      value,
      deliveries: Number(count === '-' ? 0 : count),
    }));
  }

  /** Partitions that it owns; of groups that divide them. */
  get owned(): number {
    return Number([...this.output.matchAll(/^owns (\d+)$/gm)].at(-1)?.[1] ?? 0);
  }

  /** Closes the consumer and ends the process. */
  async stop(): Promise<void> {
    await this.daemon.stop('SIGTERM', 20_000);
  }

  private get output(): string {
    // It is there once the process has said something.
    return existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8') : '';
  }
}
