import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import {
  digestOf,
  MIN_SECRET_LENGTH,
  SCOPES,
  type Scope,
  SECRET_PATTERN,
  type Token,
} from '../api/auth/token.ts';
import { ConfigError } from './config-error.ts';

/** What a request sends is compared with each token, 0.1 µs a piece. */
const MAX_TOKENS = 1000;

const scope = z.enum(SCOPES);

/** What a secret must be like, said without showing it. */
const secret = z
  .string()
  .min(MIN_SECRET_LENGTH, `must have ${MIN_SECRET_LENGTH} characters or more: openssl rand -hex 32`)
  .max(500)
  .regex(SECRET_PATTERN, 'must be printable ASCII without spaces');

const entry = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][\w.:@/-]{0,99}$/, 'must be letters, digits and . _ - : @ /, 100 at the most'),
    token: secret.optional(),
    sha256: z
      .string()
      .regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hexadecimal digits')
      .optional(),
    scope: z.union([scope, z.array(scope).min(1)]),
    rate_limit: z
      .strictObject({ per_second: z.number().positive(), burst: z.number().int().positive().optional() })
      .optional(),
  })
  .refine((one) => (one.token === undefined) !== (one.sha256 === undefined), {
    error: 'needs either token or sha256',
  });

const fileSchema = z.strictObject({ tokens: z.array(entry).min(1).max(MAX_TOKENS) });

/**
 * Reads a file of tokens (docs/security.md shows one).
 *
 * @throws ConfigError which never holds any of the file's text: it is logged
 */
export function readTokensFile(path: string): Token[] {
  return parseTokens(readText(path), path);
}

/** @throws ConfigError */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`tokens_file: ${path} cannot be read (${reason}).`, { cause });
  }
}

/** @throws ConfigError */
export function parseTokens(text: string, path: string): Token[] {
  let value: unknown;
  try {
    value = parseYaml(text, { prettyErrors: false });
  } catch {
    throw new ConfigError(`tokens_file: ${path} is no YAML.`);
  }
  const parsed = fileSchema.safeParse(value);
  if (!parsed.success) throw new ConfigError(`tokens_file: ${path}: ${faults(parsed.error)}`);
  const tokens = parsed.data.tokens.map((one): Token => {
    const { rate_limit: rate } = one;
    const perSecond = rate?.per_second ?? 0;
    return {
      name: one.name,
      digest: one.token === undefined ? Buffer.from(one.sha256 ?? '', 'hex') : digestOf(one.token),
      scopes: typeof one.scope === 'string' ? [one.scope] : one.scope,
      ...(rate && {
        rateLimit: { perSecond, burst: rate.burst ?? Math.max(1, Math.ceil(2 * perSecond)) },
      }),
    };
  });
  refuseDoubles(tokens, `tokens_file: ${path}`);
  return tokens;
}

/** `tokens.0.scope: …`. A key that is not known is not shown: it may be a secret in the wrong place. */
function faults({ issues }: z.ZodError): string {
  return issues
    .map(({ code, path, message }) => {
      const what = code === 'unrecognized_keys' ? 'has a key that is not known' : message;
      return path.length > 0 ? `${path.join('.')}: ${what}` : what;
    })
    .join('; ')
    .concat('.');
}

const VARIABLES: Readonly<Record<string, Scope>> = {
  EVERFLAME_INGEST_TOKEN: 'ingest',
  EVERFLAME_READ_TOKEN: 'read',
  EVERFLAME_ADMIN_TOKEN: 'admin',
};

/** Tokens of the environment: several, separated by commas, while one takes the place of another. @throws ConfigError */
export function readTokensOf(env: NodeJS.ProcessEnv): Token[] {
  const tokens: Token[] = [];
  for (const [variable, granted] of Object.entries(VARIABLES)) {
    const text = env[variable];
    if (text === undefined || text === '') continue;
    const secrets = text.split(',').map((one) => one.trim());
    for (const [i, one] of secrets.entries()) {
      const checked = secret.safeParse(one);
      if (!checked.success) {
        throw new ConfigError(`${variable}: a token ${checked.error.issues[0].message}.`);
      }
      const digest = digestOf(one);
      const same = tokens.findIndex((token) => token.digest.equals(digest));
      // The same secret in two variables is one token that may do both.
      if (same >= 0) tokens[same] = { ...tokens[same], scopes: [...tokens[same].scopes, granted] };
      else tokens.push({ name: `${granted}-${i + 1}`, digest, scopes: [granted] });
    }
  }
  return tokens;
}

/** @throws ConfigError where a name or a secret is there twice */
export function refuseDoubles(tokens: readonly Token[], where: string): void {
  const seen = new Map<string, string>();
  for (const { name, digest } of tokens) {
    for (const key of [`name ${name}`, digest.toString('hex')]) {
      const other = seen.get(key);
      if (other !== undefined) {
        throw new ConfigError(
          other === name
            ? `${where}: the name ${name} is there twice.`
            : `${where}: ${other} and ${name} have the same token.`,
        );
      }
      seen.set(key, name);
    }
  }
}
