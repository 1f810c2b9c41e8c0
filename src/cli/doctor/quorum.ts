import type { Env } from '../../env/env.ts';
import { fourLetterWord } from '../four-letter-word.ts';
import { parseMonitor, parseServer, type ServerFacts } from '../verbs/four-letter-answers.ts';
import { type Address, reach } from './addresses.ts';
import type { Finding } from './finding.ts';

/** What one server of ZooKeeper says of itself. */
export interface ServerAnswer {
  readonly name: string;
  /** Undefined for a server that does not answer, or serves nobody. */
  readonly facts: ServerFacts | undefined;
  /** Why there are no facts. */
  readonly trouble: Finding | undefined;
  /** Followers in sync, as the leader counts them. */
  readonly syncedFollowers: number | undefined;
  readonly followers: number | undefined;
}

export async function askServers(env: Env, servers: readonly Address[]): Promise<ServerAnswer[]> {
  return Promise.all(servers.map((server) => askServer(env, server)));
}

async function askServer(env: Env, server: Address): Promise<ServerAnswer> {
  const name = `${server.host}:${server.port}`;
  const without = (
    message: string,
    remedy: string,
    verdict: 'problem' | 'unknown' = 'problem',
  ): ServerAnswer => ({
    name,
    facts: undefined,
    trouble: { check: 'quorum', verdict, message: `ZooKeeper ${name}: ${message}`, remedy },
    syncedFollowers: undefined,
    followers: undefined,
  });
  const unreachable = await reach(env, server);
  if (unreachable !== undefined) return without(unreachable.reason, unreachable.remedy);
  const answer = await fourLetterWord(env, server.host, server.port, 'srvr');
  if (answer === undefined)
    return without('connects, and does not answer', 'see whether it is a server of ZooKeeper');
  const facts = parseServer(answer);
  if (facts === undefined) {
    if (answer.includes('whitelist')) {
      const remedy = 'allow srvr and mntr in 4lw.commands.whitelist of its zoo.cfg';
      return without('does not allow the word srvr', remedy, 'unknown');
    }
    return without(
      `serves nobody: ${answer.trim()}`,
      'it has no quorum: start the other servers of the ensemble',
    );
  }
  const monitor = parseMonitor(await fourLetterWord(env, server.host, server.port, 'mntr'));
  const number = (key: string) => (monitor.has(key) ? Number(monitor.get(key)) : undefined);
  return {
    name,
    facts,
    trouble: undefined,
    syncedFollowers: number('zk_synced_followers'),
    followers: followersIn(number),
  };
}

/** Voting followers that are connected to the leader: it counts all learners, and of the others those in sync. */
function followersIn(number: (key: string) => number | undefined): number | undefined {
  const learners = number('zk_learners');
  if (learners === undefined) return undefined;
  const others = (number('zk_synced_observers') ?? 0) + (number('zk_synced_non_voting_followers') ?? 0);
  return learners - others;
}

/** Whether the servers make up one working ensemble. */
export function judgeQuorum(answers: readonly ServerAnswer[]): Finding[] {
  const findings = answers.flatMap(({ trouble }) => (trouble === undefined ? [] : [trouble]));
  const serving = answers.filter(({ facts }) => facts !== undefined);
  const modes = serving.map(({ facts }) => facts?.mode);
  const problem = (message: string, remedy: string): Finding => ({
    check: 'quorum',
    verdict: 'problem',
    message,
    remedy,
  });
  if (answers.length > 1 && modes.includes('standalone')) {
    const alone = serving.filter(({ facts }) => facts?.mode === 'standalone').map(({ name }) => name);
    findings.push(
      problem(
        `${alone.join(', ')} run${alone.length === 1 ? 's' : ''} standalone: not part of one ensemble`,
        'give all servers the same server.N lines in zoo.cfg and each its myid, and start them anew',
      ),
    );
    return findings;
  }
  const leaders = serving.filter(({ facts }) => facts?.mode === 'leader');
  if (serving.length > 0 && leaders.length === 0 && answers.length > 1 && serving.length === answers.length) {
    findings.push(
      problem('no server is the leader', 'an election may be going on: ask again; else see their logs'),
    );
  }
  if (leaders.length > 1) {
    const names = leaders.map(({ name }) => name).join(' and ');
    findings.push(
      problem(`${names} both lead: they are of different ensembles`, 'correct --zookeeper or the zoo.cfg'),
    );
  }
  findings.push(...leaders.flatMap((leader) => followersOf(leader)));
  if (findings.length === 0) findings.push({ check: 'quorum', verdict: 'ok', message: summary(serving) });
  return [...findings, ...evenEnsemble(answers)];
}

function followersOf({ name, syncedFollowers, followers }: ServerAnswer): Finding[] {
  if (syncedFollowers === undefined || followers === undefined || syncedFollowers >= followers) return [];
  const remedy = 'they are catching up, or too slow: look at their disks and at zk_pending_syncs of mntr';
  const message = `${followers - syncedFollowers} of ${followers} followers of ${name} are not in sync`;
  return [{ check: 'quorum', verdict: 'warning', message, remedy }];
}

function summary(serving: readonly ServerAnswer[]): string {
  const texts = serving.map(({ name, facts }) => `${name} ${facts?.mode}`);
  return `ZooKeeper ${serving[0]?.facts?.version ?? ''}: ${texts.join(', ')}`;
}

function evenEnsemble(answers: readonly ServerAnswer[]): Finding[] {
  if (answers.length < 2 || answers.length % 2 === 1) return [];
  const message = `${answers.length} servers tolerate no more failures than ${answers.length - 1}`;
  return [
    {
      check: 'quorum',
      verdict: 'warning',
      message,
      remedy: 'make their number odd, unless one is an observer',
    },
  ];
}
