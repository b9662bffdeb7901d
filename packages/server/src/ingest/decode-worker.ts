import { parentPort } from 'node:worker_threads';
import { UserError } from '../base/user-error.ts';
import { type DecodeJob, runDecodeJob } from './decode-job.ts';
import { type DecodeMessage, pack } from './decode-message.ts';

/** One job at a time: see DecodePool. */
parentPort?.on('message', (job: DecodeJob) => {
  const { message, transfer } = answer(job);
  parentPort?.postMessage(message, transfer);
});

function answer(job: DecodeJob): { message: DecodeMessage; transfer: ArrayBuffer[] } {
  try {
    return pack(runDecodeJob(job));
  } catch (error) {
    return { message: refusal(error), transfer: [] };
  }
}

function refusal(error: unknown): DecodeMessage {
  if (!(error instanceof UserError)) {
    return {
      kind: 'failed',
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
  const { code, message, parameter } = error;
  return { kind: 'refused', code, message, ...(parameter !== undefined && { parameter }) };
}
