/** Lines on standard output and, from warnings on, standard error: for libraries that log where their users look. */
export const nodeConsole = {
  error: (line: string): void => console.error(line),
  warn: (line: string): void => console.warn(line),
  info: (line: string): void => console.info(line),
  debug: (line: string): void => console.log(line),
};
