import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Toolbox } from '../peers/toolbox.ts';
import { COMMON_CASES, commandTexts } from './cases.ts';
import { type CommandAnswer, comparableLines } from './texts.ts';

// Records in test/golden/commands how Apache's commands answer `--help`, mistyped and missing flags.
//
//   node dist/tools/command-texts/main.js [WORD...]     commands whose name has one of the words in it

const words = process.argv.slice(2);
const toolbox = new Toolbox();
const folder = join(toolbox.root, 'test/golden/commands');
mkdirSync(folder, { recursive: true });
const classPath = await toolbox.apache();
for (const { command, mainClass, cases } of commandTexts) {
  if (words.length > 0 && !words.some((word) => command.includes(word))) continue;
  const answers: CommandAnswer[] = [];
  for (const args of [...COMMON_CASES, ...cases]) {
    const { code, stdout, stderr } = await toolbox.javaTool(classPath, mainClass, args);
    answers.push({ args, exitCode: code, stdout: comparableLines(stdout), stderr: comparableLines(stderr) });
  }
  writeFileSync(join(folder, `${command}.json`), `${JSON.stringify(answers, null, 1)}\n`);
  console.log(`${command}: ${answers.length} command lines`);
}
