import { type Logger, type LoggerOptions, pino } from 'pino';
import { pinoPretty } from './pretty-log.ts';

/** Headers that carry secrets, wherever an object in a line holds them. Nothing logs headers: this is the second lock. */
const HEADERS = ['authorization', 'cookie', 'set-cookie', 'proxy-authorization'].map((name) => `["${name}"]`);
const PLACES = ['', 'headers', 'req.headers', 'res.headers', 'err.headers'];
const SECRETS = PLACES.flatMap((place) => HEADERS.map((header) => place + header));

export function loggerOptions(level: string): LoggerOptions {
  return { level, redact: { paths: SECRETS, censor: '[secret]' } };
}

/** Lines of JSON on standard error; readable ones where that is a terminal. */
export function createLogger(level: string): Logger {
  const options = loggerOptions(level);
  return process.stderr.isTTY ? pino(options, pinoPretty()) : pino(options, pino.destination(2));
}
