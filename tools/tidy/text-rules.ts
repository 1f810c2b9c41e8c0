import type { Finding } from './finding.ts';
import { lineAt, type SourceFile } from './source-file.ts';

const LONGEST_FILE_LINES = 600;

interface Rule {
  pattern: RegExp;
  problem: string;
  remedy: string;
}

const CODE_RULES: readonly Rule[] = [
  {
    pattern: /(?:\bas\s+|[<|&:]\s*)any\b(?!\s*[.(:?])|,\s*any(?=>)|\bany(?=\[\])/g,
    problem: 'type any',
    remedy: 'Name the type, or take unknown and check it',
  },
  {
    pattern: /[\w$)\]]!(?![=\w])/g,
    problem: 'non-null assertion',
    remedy: 'Check for undefined, or make the type say that it is there',
  },
];

const TEXT_RULES: readonly Rule[] = [
  {
    pattern:
      /@ts-(?:ignore|expect-error|nocheck)|biome-ignore lint\/(?:suspicious\/noExplicitAny|style\/noNonNullAssertion)/g,
    problem: 'switches a check off',
    remedy: 'Make the code pass it',
  },
];

/** Directories of one machine; assembled here so that this file has none in it. */
const MACHINE_PATHS = new RegExp(
  `(?<![\\w.:/-])/(?:${['work', 'root', 'Users', 'home'].join('|')})/[\\w.]`,
  'g',
);

/** What does not belong in a text of the project; each pattern is written so that it does not match itself. */
const ALIEN_TEXT: readonly Rule[] = [
  {
    pattern:
      /\b(?:[c]laude|[a]nthropic|[o]penai|[c]hatgpt|[c]opilot|[g]pt-\d|[l]lms?|language[ ]models?|ai[- ](?:written|generated|assistants?|agents?))\b/gi,
    problem: 'speaks of how it was written',
    remedy: 'Speak of the project alone',
  },
  {
    pattern: /\.\.\/[s]hared\//g,
    problem: 'a directory beside the repository',
    remedy: 'Copy into the repository what it needs',
  },
  {
    pattern: /"[r]esolved"\s*:|\/\/[r]egistry\./g,
    problem: 'names the registry that packages came from',
    remedy: 'Write the lock file with: npm install --omit-lockfile-registry-resolved',
  },
];

function apply(rules: readonly Rule[], path: string, text: string): Finding[] {
  return rules.flatMap(({ pattern, problem, remedy }) =>
    [...text.matchAll(pattern)].map((match) => ({ path, line: lineAt(text, match.index), problem, remedy })),
  );
}

/** Types that switch checking off, and files too long to be read in one go. */
export function checkCode(files: readonly SourceFile[]): Finding[] {
  return files.flatMap((file) => {
    const findings = [...apply(CODE_RULES, file.path, file.code), ...apply(TEXT_RULES, file.path, file.text)];
    const lines = file.text.split('\n').length - 1;
    if (lines > LONGEST_FILE_LINES) {
      findings.push({
        path: file.path,
        line: LONGEST_FILE_LINES + 1,
        problem: `${lines} lines long, more than ${LONGEST_FILE_LINES}`,
        remedy: 'Split it by subject',
      });
    }
    return findings;
  });
}

/** Paths of the machine that a file was written on; any kind of text file. */
export function checkMachinePaths(path: string, text: string): Finding[] {
  return [...text.matchAll(MACHINE_PATHS)].map((match) => ({
    path,
    line: lineAt(text, match.index),
    problem: `a path of one machine (${match[0]}...)`,
    remedy: 'Make it relative, a parameter or a temporary directory',
  }));
}

/** What no text of the project says, whatever kind of file it is in: authoring, neighbours, registries. */
export function checkAlienText(path: string, text: string): Finding[] {
  return apply(ALIEN_TEXT, path, text);
}
