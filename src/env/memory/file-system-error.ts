/** A failed call of a disk or network kept in memory, with the code that Node gives the same failure. */
export class FileSystemError extends Error {
  override name = 'FileSystemError';
  readonly code: string;

  constructor(code: string, text: string) {
    super(`${code}: ${text}`);
    this.code = code;
  }
}
