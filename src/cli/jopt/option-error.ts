import { JavaError } from '../java-error.ts';

/** A command line that joptsimple's parser refuses, with the message and class of its exception. */
export class OptionError extends JavaError {
  override name = 'OptionError';

  private constructor(exception: string, message: string, cause?: JavaError) {
    super(`joptsimple.${exception}`, message, cause === undefined ? {} : { cause });
  }

  static unrecognized(option: string): OptionError {
    return new OptionError('UnrecognizedOptionException', `${option} is not a recognized option`);
  }

  static missingArgument(option: string): OptionError {
    return new OptionError('OptionMissingRequiredArgumentException', `Option ${option} requires an argument`);
  }

  static conversion(option: string, value: string): OptionError {
    const number = new JavaError('java.lang.NumberFormatException', `For input string: "${value}"`);
    const message = number.toJavaString();
    const cause = new JavaError('joptsimple.internal.ReflectionException', message, { cause: number });
    const refusal = `Cannot parse argument '${value}' of option ${option}`;
    return new OptionError('OptionArgumentConversionException', refusal, cause);
  }

  /** A value that is none of an enumeration; `pattern` is how its converter writes the choices. */
  static notOneOf(option: string, value: string, pattern: string): OptionError {
    const why = `Value [${value}] is not one of [${pattern}]`;
    const cause = new JavaError('joptsimple.ValueConversionException', why);
    const refusal = `Cannot parse argument '${value}' of option ${option}`;
    return new OptionError('OptionArgumentConversionException', refusal, cause);
  }

  static multiple(option: string): OptionError {
    return new OptionError(
      'MultipleArgumentsForOptionException',
      `Found multiple arguments for option ${option}, but you asked for only one`,
    );
  }

  static missingOptions(options: readonly string[]): OptionError {
    return new OptionError(
      'MissingRequiredOptionsException',
      `Missing required option(s) [${options.join(', ')}]`,
    );
  }
}
