import { PinoPretty } from 'pino-pretty';

/** Log lines for people: time, level, sentence. */
export function pinoPretty() {
  return PinoPretty({
    destination: 2,
    colorize: !process.env.NO_COLOR,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'pid,hostname',
    sync: true,
  });
}
