import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { SECRET_PATTERN } from '../api/auth/token.ts';
import { ConfigError } from './config-error.ts';

export const DEFAULT_SERVER = 'http://127.0.0.1:5555';

/** The server refused, or could not be reached: a sentence for whoever typed the command. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
}

/** Address of the server: the flag, EVERFLAME_SERVER, or the default. @throws ConfigError */
export function serverUrl(flag: string | undefined): string {
  const server = flag ?? process.env.EVERFLAME_SERVER ?? DEFAULT_SERVER;
  if (!URL.canParse(server) || !/^https?:/.test(server)) {
    throw new ConfigError(`server: ${JSON.stringify(server)} is no URL. Write ${DEFAULT_SERVER}.`);
  }
  return server.replace(/\/+$/, '');
}

/** The file that the flag names, EVERFLAME_TOKEN, or the file that EVERFLAME_TOKEN_FILE names. @throws ConfigError */
export function readToken(flag?: string): string | undefined {
  const { EVERFLAME_TOKEN: token, EVERFLAME_TOKEN_FILE: variable } = process.env;
  if (flag !== undefined) return readTokenFile('token-file', flag);
  if (token) return checkToken('EVERFLAME_TOKEN', token.trim());
  return variable ? readTokenFile('EVERFLAME_TOKEN_FILE', variable) : undefined;
}

function readTokenFile(what: string, file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`${what}: cannot be read: ${reason}`, { cause });
  }
  return checkToken(what, text.trim());
}

/** What a header cannot carry would fail at every request, with a message that holds the token. */
function checkToken(what: string, token: string): string {
  if (SECRET_PATTERN.test(token)) return token;
  throw new ConfigError(`${what}: holds no token: one line of printable ASCII without spaces.`);
}

/** Asks the server. @param body sent as JSON @returns its answer, JSON @throws ServerError */
export async function askServer(
  method: string,
  server: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const token = readToken();
  let response: Response;
  try {
    response = await fetch(server + path, {
      method,
      redirect: 'error',
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  } catch (cause) {
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    const reason = inner instanceof Error ? inner.message || String(inner) : String(inner);
    throw new ServerError(`${server} cannot be reached: ${reason}`, { cause });
  }
  const text = await response.text();
  if (!response.ok) throw new ServerError(messageOf(text) ?? `${server} answered ${response.status}.`);
  return JSON.parse(text);
}

const errorAnswer = z.object({ error: z.object({ message: z.string() }) });

function messageOf(text: string): string | undefined {
  try {
    return errorAnswer.safeParse(JSON.parse(text)).data?.error.message;
  } catch {
    return undefined;
  }
}
