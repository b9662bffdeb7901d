import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

// What Linux says of a process from outside. Elsewhere, and once it has ended, nothing is known.

/** Resident memory, bytes; 0 where it is not known. */
export function residentBytes(pid: number | undefined): number {
  return known(0, () => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  });
}

const LISTENING = '0A'; // TCP_LISTEN of Linux's include/net/tcp_states.h

/** Sockets on which it waits for connections: their inodes. */
export function listeningSockets(pid: number | undefined): string[] {
  return known([], () => {
    const folder = `/proc/${pid}/fd`;
    const own = new Set(readdirSync(folder).map((fd) => known('', () => readlinkSync(`${folder}/${fd}`))));
    const lines = ['tcp', 'tcp6'].flatMap((table) =>
      readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n').slice(1),
    );
    return lines
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state]) => state === LISTENING)
      .map(([, , , , , , , , , inode]) => `socket:[${inode}]`)
      .filter((socket) => own.has(socket));
  });
}

function known<T>(otherwise: T, read: () => T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
