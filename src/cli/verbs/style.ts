/** What a stream and the environment say about colours and the like. */
export interface StreamFacts {
  readonly isTerminal: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Whether to use colours: on terminals, unless NO_COLOR is set; FORCE_COLOR (but for 0) decides before both. */
export function usesColour({ isTerminal, environment }: StreamFacts): boolean {
  const forced = environment['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  const refused = environment['NO_COLOR'];
  if (refused !== undefined && refused !== '') return false;
  return isTerminal && environment['TERM'] !== 'dumb';
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Colour = keyof typeof CODES;

/** Dresses text in colours, or leaves it alone. */
export type Style = (colour: Colour, text: string) => string;

export function createStyle(facts: StreamFacts): Style {
  if (!usesColour(facts)) return (_, text) => text;
  return (colour, text) => (text === '' ? '' : `\u001b[${CODES[colour]}m${text}\u001b[0m`);
}
