export interface Logger {
  info(text: string): void;
  warn(text: string): void;
}

/**
 * Standard error, one line each: warnings always, what is merely good to know with EVERFLAME_LOG=info, nothing with
 * EVERFLAME_LOG=off. Not `console`, which programs replace by loggers that take more than a text.
 */
export function standardError(level = process.env.EVERFLAME_LOG ?? 'warn'): Logger {
  const say = (text: string) => {
    try {
      process.stderr.write(`everflame: ${text}\n`);
    } catch {
      // Nobody listens.
    }
  };
  const silent = () => {};
  return { info: level === 'info' ? say : silent, warn: level === 'off' ? silent : say };
}

/** A logger of the program's, which may throw: the agent does not. */
export function guarded(logger: Logger): Logger {
  const safely = (say: (text: string) => void) => (text: string) => {
    try {
      say(text);
    } catch {
      // The program's own logger: not worth the program.
    }
  };
  return { info: safely((text) => logger.info(text)), warn: safely((text) => logger.warn(text)) };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
