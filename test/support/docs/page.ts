/** Fenced blocks of a page of the documentation, with what the comment in front of each tells the tests about it. */

/** What `<!-- ... -->` in front of a block may say; docs/HACKING.md explains each. */
export type Directive =
  /** The block is shown and not run. */
  | { readonly kind: 'not run'; readonly reason: string }
  /** The program goes on while other blocks are run; `console` blocks type into it. */
  | { readonly kind: 'stays'; readonly name: string }
  /** The `console` block belongs to that program, not to the one that began last. */
  | { readonly kind: 'in'; readonly name: string }
  /** The commands end with that code instead of 0. */
  | { readonly kind: 'exits'; readonly code: number }
  /** The commands are run again until they print what is shown. */
  | { readonly kind: 'eventually' }
  /** The program goes on from the `ts` block before it. */
  | { readonly kind: 'continues' }
  /** Code in front of the block that readers need not see. */
  | { readonly kind: 'before'; readonly code: string; readonly line: number }
  /** Runs in `npm run compat` alone, against that server or with that package (`npm PACKAGE`). */
  | { readonly kind: 'needs'; readonly server: string };

export interface Block {
  readonly page: string;
  /** The word behind the fence: `sh`, `ts`, `text`, ... */
  readonly language: string;
  readonly text: string;
  /** The number of its first line in the page, from 1. */
  readonly line: number;
  readonly directives: readonly Directive[];
}

/** A page that is wrong, or a block of it that did not do what the page says. */
export class PageError extends Error {
  override name = 'PageError';

  constructor({ page, line }: { page: string; line: number }, text: string) {
    super(`${page}:${line}: ${text}`);
  }
}

export function find<K extends Directive['kind']>(
  { directives }: Block,
  kind: K,
): Extract<Directive, { kind: K }> | undefined {
  return directives.find((each): each is Extract<Directive, { kind: K }> => each.kind === kind);
}

const FENCE = /^(\s*)```(\S*)\s*$/;

/** The blocks of a page in their order. Comments that stand between texts mean nothing; in front of a block all count. */
export function readBlocks(page: string, markdown: string): Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split('\n');
  let comments: { text: string; line: number }[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    if (line.trim() === '') continue;
    if (line.startsWith('<!--')) {
      const end = lines.findIndex((each, at) => at >= index && each.includes('-->'));
      if (end < 0) throw new PageError({ page, line: index + 1 }, 'a comment without an end');
      comments.push({ text: lines.slice(index, end + 1).join('\n'), line: index + 1 });
      index = end;
      continue;
    }
    const [, indent = '', language = ''] = FENCE.exec(line) ?? [];
    if (!FENCE.test(line)) {
      comments = [];
      continue;
    }
    const end = lines.indexOf(`${indent}\`\`\``, index + 1);
    if (end < 0) throw new PageError({ page, line: index + 1 }, 'a block without an end');
    const text = lines.slice(index + 1, end).map((each) => each.slice(indent.length));
    const directives = comments.map((comment) => readDirective(page, comment));
    blocks.push({ page, language, text: `${text.join('\n')}\n`, line: index + 2, directives });
    comments = [];
    index = end;
  }
  return blocks;
}

function readDirective(page: string, comment: { text: string; line: number }): Directive {
  const where = { page, line: comment.line };
  const text = comment.text.replace(/^<!--\s*/, '').replace(/\s*-->\s*$/, '');
  const before = /^before:\n(.*)$/s.exec(text);
  if (before !== null) return { kind: 'before', code: before[1] ?? '', line: where.line + 1 };
  const [, word = '', value = ''] = /^(not run|stays|in|exits|needs):\s*(.*)$/s.exec(text) ?? [];
  if (word !== '' && value === '') throw new PageError(where, `"${word}:" of what?`);
  switch (word) {
    case 'not run':
      return { kind: 'not run', reason: value };
    case 'stays':
      return { kind: 'stays', name: value };
    case 'in':
      return { kind: 'in', name: value };
    case 'exits':
      return { kind: 'exits', code: Number(value) };
    case 'needs':
      return { kind: 'needs', server: value };
  }
  if (text === 'eventually' || text === 'continues') return { kind: text };
  throw new PageError(where, `the comment "${text}" means nothing to the tests of the documentation`);
}
