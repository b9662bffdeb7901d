import { pino } from 'pino';
import { expect, it } from 'vitest';
import { loggerOptions } from './logger.ts';

it('takes secrets out of headers, should anybody ever log them', () => {
  const lines: string[] = [];
  const logger = pino(loggerOptions('debug'), { write: (line) => void lines.push(line) });
  const headers = {
    authorization: 'Bearer hunter2',
    cookie: 'everflame_session=hunter2',
    'set-cookie': ['everflame_session=hunter2'],
    'proxy-authorization': 'hunter2',
    host: 'flames.example',
  };
  logger.debug(headers, 'as they are');
  logger.debug({ headers }, 'in an object');
  logger.child({ request: 7 }).debug({ req: { headers }, res: { headers } }, 'as Fastify would');
  logger.error({ err: Object.assign(new Error('refused'), { headers }) }, 'with an error');
  expect(lines).toHaveLength(4);
  for (const line of lines) {
    expect(line).toContain('flames.example');
    expect(line).toContain('[secret]');
    expect(line).not.toContain('hunter2');
  }
});
