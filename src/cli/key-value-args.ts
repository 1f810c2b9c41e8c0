/** `key=value` texts of repeated options; without a value it is empty (`CommandLineUtils.parseKeyValueArgs`). */
export function keyValueArgs(texts: readonly string[]): Map<string, string> {
  return new Map(
    texts.map((text) => {
      const at = text.indexOf('=');
      return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
