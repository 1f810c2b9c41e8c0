import { JavaError } from './java-error.ts';

/** A regular expression of Java that must match the whole text (`Matcher.matches`). Throws JavaError for one that is none. */
export function javaPattern(text: string): RegExp {
  try {
    return new RegExp(`^(?:${text})$`, 's');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new JavaError('java.util.regex.PatternSyntaxException', `${reason}\n${text}`);
  }
}
