import { Busboy } from '@fastify/busboy';
import { UserError } from '../base/user-error.ts';

/** Parts of one body; the protocol has at most four. */
const LIMITS = { parts: 20, fields: 16, files: 8, fieldSize: 64 << 10, headerPairs: 50 };

/**
 * The parts of a `multipart/form-data` body by name. The body is in memory and bounded already, so the parts are too.
 *
 * @throws UserError `bad_body`
 */
export async function parseMultipart(body: Buffer, contentType: string): Promise<Map<string, Buffer>> {
  const parts = new Map<string, Buffer>();
  try {
    await new Promise<void>((resolve, reject) => {
      const parser = new Busboy({ headers: { 'content-type': contentType }, limits: LIMITS });
      parser.on('file', (name, stream) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('error', reject);
        stream.on('end', () => parts.set(name, Buffer.concat(chunks)));
      });
      parser.on('field', (name, value) => parts.set(name, Buffer.from(value)));
      parser.on('partsLimit', () => reject(new Error('too many parts')));
      parser.on('error', reject);
      parser.on('finish', resolve);
      parser.end(body);
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UserError('bad_body', `The multipart body cannot be read: ${reason}.`, { cause });
  }
  return parts;
}
