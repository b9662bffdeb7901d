import type { Logger } from 'pino';
import type { Token } from '../api/auth/token.ts';
import { TokenList } from '../api/auth/token-list.ts';
import { parseTokens, readText, refuseDoubles } from './tokens-file.ts';

export interface TokensConfig {
  /** Of the environment. */
  readonly given: readonly Token[];
  readonly file: string | undefined;
}

/** The file is small, and read whole: a time stamp can stay the same, and a mounted secret is a link to another file. */
const LOOK_EVERY_MS = 2000;

/**
 * The tokens in force, and the file that they are read from again when it changes. A file that is broken changes
 * nothing but the log: whoever was let in before still is.
 */
export class TokenSource {
  readonly list: TokenList;
  readonly #config: TokensConfig;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout | undefined;
  #text: string | undefined;
  #complaint: string | undefined;

  /** @throws ConfigError where the file cannot be used */
  constructor(config: TokensConfig, logger: Logger) {
    this.#config = config;
    this.#logger = logger;
    this.list = new TokenList(this.#read());
    if (config.file === undefined) return;
    this.#timer = setInterval(() => this.reload(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  /** Reads the file again where it has changed. */
  reload(): void {
    try {
      const before = this.#text;
      const tokens = this.#read();
      if (this.#text !== before) {
        this.list.replace(tokens);
        this.#logger.info({ tokens: tokens.map(({ name }) => name) }, 'the tokens were read again');
      }
      this.#complaint = undefined;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message === this.#complaint) return;
      this.#complaint = message;
      this.#logger.error(`${message} The tokens from before stay in force.`);
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #read(): readonly Token[] {
    const { given, file } = this.#config;
    if (file === undefined) return given;
    const text = readText(file);
    if (text === this.#text) return this.list.all;
    const tokens = [...given, ...parseTokens(text, file)];
    refuseDoubles(tokens, `tokens_file: ${file}, with the environment`);
    this.#text = text;
    return tokens;
  }
}
