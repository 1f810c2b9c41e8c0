/**
 * An error with the class that Apache's tool would throw: some tools print the class, others only the message. Such an
 * error is expected: it tells the user what is wrong, its stack tells nothing.
 */
export class JavaError extends Error {
  override name = 'JavaError';
  readonly javaClass: string;
  /** Whether there is no message, which Java prints otherwise than an empty one. */
  private readonly isMute: boolean;
  /** Errors that led to this one, which Java shows below it. */
  readonly suppressed: readonly JavaError[];

  constructor(
    javaClass: string,
    message: string | null,
    options: { readonly cause?: JavaError; readonly suppressed?: readonly JavaError[] } = {},
  ) {
    super(message ?? '', options);
    this.isMute = message === null;
    this.suppressed = options.suppressed ?? [];
    this.javaClass = javaClass;
  }

  /** As Java's `toString`. */
  toJavaString(): string {
    return this.isMute ? this.javaClass : `${this.javaClass}: ${this.message}`;
  }

  /** As Java prints the stack trace, without the frames. */
  toTrace(): string {
    const cause = this.cause instanceof JavaError ? `\nCaused by: ${this.cause.toTrace()}` : '';
    const suppressed = this.suppressed.map((error) => `\n\tSuppressed: ${error.toTrace()}`).join('');
    return this.toJavaString() + suppressed + cause;
  }
}

/** A value that is outside what is allowed, as Java's class of that name. */
export function illegalArgument(message: string): JavaError {
  return new JavaError('java.lang.IllegalArgumentException', message);
}

/** Apache's exception for what users do wrong: tools print its message alone. */
export const TERSE_EXCEPTION = 'org.apache.kafka.tools.TerseException';

export function terse(message: string): JavaError {
  return new JavaError(TERSE_EXCEPTION, message);
}

/** The exception that Java wraps another in where it may not throw that one. */
export function runtimeException(cause: JavaError): JavaError {
  return new JavaError('java.lang.RuntimeException', cause.toJavaString(), { cause });
}

/** What a future of Java's rejects with. */
export function executionException(cause: JavaError): JavaError {
  return new JavaError('java.util.concurrent.ExecutionException', cause.toJavaString(), { cause });
}
