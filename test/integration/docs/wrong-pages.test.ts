import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { Workspace } from '../../../tools/workspace.ts';
import { readBlocks } from '../../support/docs/page.ts';
import { runPage } from '../../support/docs/run-page.ts';
import { compileSnippets, installPackage } from '../../support/docs/snippets.ts';

/** A page as lines; fences are written with quotes, which are easier on the eye here. */
const page = (...lines: string[]) => lines.join('\n').replaceAll("'''", '```');

const CASES: readonly { what: string; text: string; complaint: RegExp }[] = [
  {
    what: 'output that is not what is shown',
    text: page("'''sh", 'echo one', 'echo two', "'''", '', "'''text", 'one', 'three', "'''"),
    complaint:
      /^PageError: PAGE:2: prints something else than is shown\none\nthree\n--- printed:\none\ntwo\n/,
  },
  {
    what: 'more output than is shown',
    text: page("'''sh", 'echo one', 'echo two', "'''", "'''text", 'one', "'''"),
    complaint: /PAGE:2: prints something else/,
  },
  {
    what: 'a command that fails in the middle',
    text: page('Text.', "'''sh", 'false', 'echo two', "'''"),
    complaint: /PAGE:3: ends with 1, not 0/,
  },
  {
    what: 'a command that is not there',
    text: page("'''sh", 'kafka-no-such-command.sh', "'''"),
    complaint: /PAGE:2: ends with 127, not 0\n.*command not found/s,
  },
  {
    what: 'a failure that is none',
    text: page('<!-- exits: 1 -->', "'''sh", 'true', "'''"),
    complaint: /PAGE:3: ends with 0, not 1/,
  },
  {
    what: 'a program with a wrong type',
    text: page("'''ts", "import { start } from 'streamkeeper';", 'await start({ storage: 1 });', "'''"),
    complaint: /PAGE:3: error TS2322/,
  },
  {
    what: 'a program that imports what the package does not have',
    text: page("'''ts", "import { stop } from 'streamkeeper';", 'stop();', "'''"),
    complaint: /PAGE:2: error TS2305/,
  },
  {
    what: 'a program that throws',
    text: page("'''ts", "throw new Error('no such luck');", "'''"),
    complaint: /PAGE:2: ends with 1, not 0\n.*no such luck/s,
  },
  {
    what: 'a program that ends without doing what it promised to wait for',
    text: page("'''ts", 'await new Promise(() => undefined);', "'''"),
    complaint: /PAGE:2: ends with 13, not 0/,
  },
  {
    what: 'a program that stays and says something else',
    text: page('<!-- stays: it -->', "'''sh", 'echo hello', "'''", "'''console", 'good bye', "'''"),
    complaint: /PAGE:6: says something else than is shown\ngood bye\n--- said:\nhello\n/,
  },
  {
    what: 'a comment with a misspelt word',
    text: page('<!-- notrun: it is slow -->', "'''sh", 'false', "'''"),
    complaint: /PAGE:1: the comment "notrun: it is slow" means nothing/,
  },
  {
    what: 'a block that is not run for no reason',
    text: page('<!-- not run: -->', "'''sh", 'false', "'''"),
    complaint: /PAGE:1: "not run:" of what\?/,
  },
];

describe('a page that is wrong', { skip: existsSync('/proc/self/environ') ? false : 'needs /proc' }, () => {
  const workspace = new Workspace('wrong-docs');
  before(() => installPackage(workspace));
  after(() => workspace.remove());

  async function runText(text: string): Promise<void> {
    const blocks = readBlocks('PAGE', text);
    const complaint = compileSnippets(workspace, blocks).get('PAGE');
    if (complaint !== undefined) throw new Error(complaint);
    await runPage(workspace, blocks, false);
  }

  for (const { what, text, complaint } of CASES) {
    it(`has ${what}: the test fails and says where`, async () => {
      await assert.rejects(runText(text), complaint);
    });
  }

  it('and one that is right passes', async () => {
    await runText(
      page(
        ...['<!-- a note for those who write -->', 'Text.'],
        ...["'''properties", '# conf/a.properties', 'port=2181', "'''"],
        ...["'''sh", 'export NAME=value', 'mkdir here && cd here && cat ../conf/a.properties', "'''"],
        ...["'''text", '...', 'port=2181', "'''"],
        ...["'''sh", 'echo $NAME in $PWD, after ... some time', "'''"],
        ...["'''text", 'value in .../here, after ... time', "'''"],
        ...['<!-- before:', 'const a = 1;', '-->', "'''ts", 'console.log(a);', "'''", "'''text", '1', "'''"],
        ...['<!-- continues -->', "'''ts", 'console.log(a + 1);', "'''", "'''text", '1', '2', "'''"],
        ...[
          '<!-- exits: 3 -->',
          "'''sh",
          'exit 3',
          "'''",
          '<!-- not run: for fun -->',
          "'''sh",
          'false',
          "'''",
        ],
        ...['<!-- stays: cat -->', "'''sh", 'cat', "'''", "'''console", '> hello', 'hello', '^D', "'''"],
        ...[
          '<!-- stays: clock -->',
          "'''sh",
          "node -e 'console.log(1); setInterval(() => 0, 9e5)'",
          "'''",
          "'''text",
          '1',
          "'''",
        ],
        ...['<!-- in: clock -->', "'''console", '^C', "'''"],
      ),
    );
  });
});
