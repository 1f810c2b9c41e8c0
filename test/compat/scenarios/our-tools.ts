import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandTexts } from '../../../tools/command-texts/cases.ts';
import { comparableLines } from '../../../tools/command-texts/texts.ts';
import { type Outcome, run } from '../../../tools/peers/process.ts';
import { versions } from '../../../tools/peers/toolbox.ts';
import { Workspace } from '../../../tools/workspace.ts';
import { configCases } from '../our-tools/config-cases.ts';
import { consoleCases } from '../our-tools/console-cases.ts';
import { groupCases } from '../our-tools/group-cases.ts';
import { partitionCases } from '../our-tools/partition-cases.ts';
import { joinBusyGroup, prepare } from '../our-tools/prepare.ts';
import type { ToolCase } from '../our-tools/tool-case.ts';
import { topicCases } from '../our-tools/topic-cases.ts';
import type { Context, Scenario } from '../scenario.ts';

const SIDES = { apache: 'apch', ours: 'ours' } as const;
type Side = keyof typeof SIDES;

interface Answer {
  readonly exitCode: number | null;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

/** Runs cases with Apache's class and with ours on one broker and compares what the user sees. */
class Comparison {
  private readonly context: Context;
  private readonly workspace = new Workspace('our-tools');
  private words: Readonly<Record<string, string>> = {};
  private classPath = '';

  constructor(context: Context) {
    this.context = context;
  }

  async run(cases: readonly ToolCase[]): Promise<string> {
    const { toolbox, quick } = this.context;
    this.classPath = await toolbox.apache();
    const { bootstrap, zookeeper } = await this.context.shared();
    this.words = { at: bootstrap, zk: zookeeper };
    await prepare(bootstrap, Object.values(SIDES));
    const leave = await joinBusyGroup(bootstrap);
    try {
      const only = process.env['TOOL_CASES'];
      const chosen = cases.filter(({ command, ...toolCase }) =>
        only === undefined ? !quick || toolCase.quick === true : only.split(',').includes(command),
      );
      const differing: string[] = [];
      for (const toolCase of chosen) {
        const line = `${toolCase.command} ${toolCase.args.join(' ')}`;
        const problem = await this.compare(toolCase);
        if (problem === undefined) continue;
        differing.push(line);
        this.context.say(`DIFFERS ${line}\n${problem}`);
      }
      assert.deepEqual(differing, [], 'commands that answer otherwise than Apache does');
      const argued = chosen.filter(({ differs }) => differs !== undefined).length;
      return `${chosen.length} command lines, ${chosen.length - argued} of them to the letter`;
    } finally {
      await leave();
      this.workspace.remove();
    }
  }

  /** What differs, undefined where nothing does. */
  private async compare(toolCase: ToolCase): Promise<string | undefined> {
    const apache = this.answer('apache', toolCase, await this.runApache(toolCase));
    const ours = this.answer('ours', toolCase, await this.runOurs(toolCase));
    try {
      if (toolCase.differs === undefined) assert.deepEqual(ours, apache);
      else assert.equal(ours.exitCode, apache.exitCode);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  private runApache(toolCase: ToolCase): Promise<Outcome> {
    const { command } = toolCase;
    const mainClass = commandTexts.find((texts) => texts.command === command)?.mainClass;
    assert.ok(mainClass !== undefined, `${command} has no class in tools/command-texts/cases.ts`);
    return this.context.toolbox.javaTool(
      this.classPath,
      mainClass,
      this.argsFor('apache', toolCase),
      toolCase.input === undefined ? {} : { input: toolCase.input },
    );
  }

  private runOurs(toolCase: ToolCase): Promise<Outcome> {
    const script = join(this.context.toolbox.root, `bin/${toolCase.command}.sh`);
    const input = toolCase.input === undefined ? {} : { input: toolCase.input };
    const args = [script, ...this.argsFor('ours', toolCase)];
    return run(process.execPath, args, { mayFail: true, ...input });
  }

  private argsFor(side: Side, { args, files = {} }: ToolCase): string[] {
    const dir = join(this.workspace.path, side);
    mkdirSync(dir, { recursive: true });
    const fill = (text: string) =>
      text.replace(/\{(\w+)\}/g, (all, word: string) =>
        word === 'me' ? SIDES[side] : word === 'dir' ? dir : (this.words[word] ?? all),
      );
    for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, name), fill(content));
    return args.map(fill);
  }

  /** Output without what is each side's own. */
  private answer(side: Side, { args, files }: ToolCase, { code, stdout, stderr }: Outcome): Answer {
    // What is listed beside what the case is about, is the same for both.
    const isOwn = JSON.stringify([args, files ?? {}]).includes('{me}');
    const lines = (text: string) => {
      const neutral = text.replaceAll(join(this.workspace.path, side), '{dir}');
      if (!isOwn) return comparableLines(neutral);
      return comparableLines(
        neutral.replaceAll(SIDES[side], '{me}').replace(/(\{me\}.*TopicId: )\S{22}/g, '$1ID'),
      );
    };
    return { exitCode: code, stdout: lines(stdout), stderr: lines(stderr) };
  }
}

/** "The same commands of Apache's and ours on the same cluster give the same output and exit code." */
export const ourToolsScenario: Scenario = {
  name: `our commands beside those of Apache ${versions.kafka}`,
  shows: 'same output, errors and exit code for the same arguments on the same broker',
  run: (context) =>
    new Comparison(context).run([
      ...topicCases,
      ...partitionCases,
      ...groupCases,
      ...configCases,
      ...consoleCases,
    ]),
};
