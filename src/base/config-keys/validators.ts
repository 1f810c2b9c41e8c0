import { javaDoubleText } from '../java-double.ts';
import { invalidValue } from './config-error.ts';

/** What a parsed value may be; null is a value only where the default is null. */
export type ParsedValue = string | number | boolean | readonly string[] | null;

/** A parsed value: what code uses, and the text that is reported for it. */
export interface CheckedValue {
  readonly value: ParsedValue;
  readonly text: string | null;
}

/** Checks a parsed value; throws ConfigError. */
export interface Validator {
  /** The accepted values, as Apache's documentation notes them. */
  readonly text: string;
  check(key: string, given: CheckedValue): void;
}

export function atLeast(min: number): Validator {
  return range(min, undefined);
}

export function between(min: number, max: number): Validator {
  return range(min, max);
}

function range(min: number, max: number | undefined, shown: (limit: number) => string = String): Validator {
  return {
    text: max === undefined ? `[${shown(min)},...]` : `[${shown(min)},...,${shown(max)}]`,
    check(key, { value, text }) {
      const number = Number(value);
      if (number < min) throw invalidValue(key, text, `Value must be at least ${shown(min)}`);
      if (max !== undefined && number > max) {
        throw invalidValue(key, text, `Value must be no more than ${shown(max)}`);
      }
    },
  };
}

/** Between two doubles, which Java writes with a fraction. */
export function betweenDoubles(min: number, max: number): Validator {
  return range(min, max, javaDoubleText);
}

/** A range, or -1 for the codec's own default. */
export function levelOrDefault(min: number, max: number): Validator {
  const inRange = between(min, max);
  return {
    text: `${inRange.text} or -1`,
    check(key, { value }) {
      if (value !== -1 && (Number(value) < min || Number(value) > max)) {
        throw invalidValue(key, value, `Value must be between ${min} and ${max} or equal to -1`);
      }
    },
  };
}

/** A string, or every element of a list, out of a set. */
export function oneOf(...choices: readonly string[]): Validator {
  const list = choices.join(', ');
  return {
    text: `[${list}]`,
    check(key, { value }) {
      for (const element of Array.isArray(value) ? value : [value]) {
        if (!choices.includes(element)) throw invalidValue(key, element, `String must be one of: ${list}`);
      }
    },
  };
}

export function oneOfAnyCase(...choices: readonly string[]): Validator {
  const list = choices.join(', ');
  return {
    text: `(case insensitive) [${list}]`,
    check(key, { value }) {
      if (!choices.includes(String(value).toUpperCase())) {
        throw invalidValue(key, value, `String must be one of (case insensitive): ${list}`);
      }
    },
  };
}

export const nonNull: Validator = {
  text: 'non-null string',
  check(key, { value }) {
    if (value === null) throw invalidValue(key, value, 'entry must be non null');
  },
};

export const nonEmptyString: Validator = {
  text: 'non-empty string',
  check(key, { value }) {
    if (value === '') throw invalidValue(key, value, 'String must be non-empty');
  },
};

/** A list of addresses, checked where it is used. */
export const addressList: Validator = { text: 'non-empty list', check: () => undefined };
