import { type Logger, pino } from 'pino';
import { pinoPretty } from './pretty-log.ts';

/** Lines of JSON on standard error; readable ones where that is a terminal. */
export function createLogger(level: string): Logger {
  return process.stderr.isTTY ? pino({ level }, pinoPretty()) : pino({ level }, pino.destination(2));
}
