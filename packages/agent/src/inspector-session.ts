import { createRequire } from 'node:module';
import { join } from 'node:path';

/** What is used of `inspector.Session` (https://nodejs.org/api/inspector.html). */
interface Session {
  connect(): void;
  disconnect(): void;
  post(method: string, params: object, callback: (error: Error | null, result: unknown) => void): void;
}

/** A session of the inspector with this very thread. Its answers come before `post` returns. */
export class InspectorSession {
  readonly #session: Session;

  /** @throws where Node was built without the inspector. */
  constructor() {
    const require = createRequire(join(process.cwd(), 'agent'));
    const { Session: Constructor } = require('node:inspector') as { Session: new () => Session };
    this.#session = new Constructor();
    this.#session.connect();
  }

  /** @throws Error with what the inspector says. */
  post(method: string, params: object = {}): unknown {
    let failed: Error | null = new Error(`${method}: no answer`);
    let result: unknown;
    this.#session.post(method, params, (error, found) => {
      failed = error;
      result = found;
    });
    if (failed !== null) throw failed;
    return result;
  }

  close(): void {
    this.#session.disconnect();
  }
}
