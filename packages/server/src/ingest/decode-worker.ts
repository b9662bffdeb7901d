import { parentPort, workerData } from 'node:worker_threads';
import { ReusedMemory } from '@everflame/profile';
import { UserError } from '../base/user-error.ts';
import { NO_NAMES, namesSeenBy, type SharedNames } from '../store/known-names.ts';
import { type DecodeJob, runDecodeJob } from './decode-job.ts';
import { type DecodeMessage, pack } from './decode-message.ts';

/** What DecodePool starts this file with. */
export interface DecodeWorkerData {
  readonly known: SharedNames | undefined;
}

const { known: shared }: DecodeWorkerData = workerData;
const known = shared ? namesSeenBy(shared) : NO_NAMES;
const memory = new ReusedMemory();

parentPort?.on('message', (job: DecodeJob) => {
  const { message, transfer } = answer(job);
  parentPort?.postMessage(message, transfer);
});

function answer(job: DecodeJob): { message: DecodeMessage; transfer: ArrayBuffer[] } {
  try {
    memory.reuse();
    return pack(runDecodeJob(job, known, memory));
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
