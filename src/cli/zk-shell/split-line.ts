/**
 * Cuts a typed line into words as ZooKeeperMain does: quotes hold a word together where it begins with one, and
 * are taken off; elsewhere they are part of the word.
 */
export function splitLine(line: string): string[] {
  const words = [...line.matchAll(/\s*([^"'\s]\S*|"[^"]*"|'[^']*')\s*/g)].map(([, word = '']) => word);
  return words.map((word) => /^(["'])(.*)\1$/s.exec(word)?.[2] ?? word);
}
