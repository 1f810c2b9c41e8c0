import { illegalArgument } from '../java-error.ts';

/** A principal as users write it, `User:alice`. Throws JavaError for what has no type. */
export function principalOf(text: string): string {
  if (text.includes(':')) return text;
  throw illegalArgument(`expected a string in format principalType:principalName but got ${text}`);
}
