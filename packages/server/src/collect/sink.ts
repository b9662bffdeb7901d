import type { Push } from '../store/push.ts';

/** Where polled profiles go: the store of this server, or a server elsewhere. */
export interface Sink {
  /** Resolves when the push is stored. @throws DeliveryError, or any error where another attempt may succeed */
  write(push: Push): Promise<unknown>;
}

/** The push was refused for what it is: it will never be taken. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
}
